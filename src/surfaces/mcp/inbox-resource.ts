import { requireScope, requireSession, type SessionOwner } from "../../kernel/authorise.js";
import type { Call, CallContext } from "../../kernel/context.js";
import { ContractError } from "../../kernel/contract-error.js";
import { McpFault } from "./fault.js";
import type { ResourceCaller, ResourceSource } from "./resources.js";

/** What the inboxes are looked at through; `daemon.ts` binds it. Both reject with `session_not_found`. */
export interface InboxPort {
  /** What waits after the cursor, as JSON values. Takes nothing out. */
  read(session: string, after: number, context: CallContext): Promise<object>;
  watch(
    session: string,
    watcher: { arrived(): void; closed(): void },
    context: CallContext,
    signal: AbortSignal,
  ): Promise<void>;
}

export interface InboxResourceOptions {
  inboxes: InboxPort;
  sessionOwner: SessionOwner;
}

const mimeType = "application/json";
const scope = "comms:read";
const uriPattern = /^comms:\/\/inbox\/([^/?#]*)(?:\?after=([^&#]*))?$/;
const cursorPattern = /^(?:0|[1-9][0-9]{0,15})$/;

/** The inboxes of the sessions that a caller may use, each a resource. */
export function createInboxResource({ inboxes, sessionOwner }: InboxResourceOptions): ResourceSource {
  function requireInbox(session: string, { principal }: Call): void {
    requireScope(scope, principal);
    requireSession(principal!, session, sessionOwner);
  }

  return {
    list(call) {
      requireInbox(call.session, call);
      const description =
        "What other agents sent you and what is not done with yet, oldest first. Reading takes nothing out.";
      return [{ uri: uriOf(call.session), name: "inbox", title: "Your inbox", description, mimeType }];
    },
    templates: [
      {
        uriTemplate: "comms://inbox/{session}{?after}",
        name: "inbox",
        title: "Inbox of a session",
        description:
          "What waits in the inbox of a session that you may use, at most 50 entries after the cursor; `cursor` in the answer leads on.",
        mimeType,
      },
    ],
    async read(uri, caller) {
      const { session, after } = parse(uri, caller);
      requireInbox(session, caller.call);
      const page = await found(uri, caller, inboxes.read(session, after, caller.call));
      return [{ uri, mimeType, text: JSON.stringify(page) }];
    },
    async watch(uri, { updated, ended }, caller, signal) {
      const { session } = parse(uri, caller);
      requireInbox(session, caller.call);
      const watcher = { arrived: updated, closed: ended };
      await found(uri, caller, inboxes.watch(session, watcher, caller.call, signal));
    },
    own: ({ session }) => uriOf(session),
  };
}

function uriOf(session: string): string {
  return `comms://inbox/${session}`;
}

function parse(uri: string, { stateless }: ResourceCaller): { session: string; after: number } {
  const match = uriPattern.exec(uri);
  if (match === null) {
    const expected = "comms://inbox/<session>, with ?after=<cursor> or without";
    const details = [{ field: "uri", issue: "invalid_value" as const, expected, got: uri.slice(0, 128) }];
    const error = new ContractError("invalid_request", { message: "Resource not found", details });
    throw McpFault.resourceNotFound(uri, error, stateless);
  }
  const [, session = "", after = "0"] = match;
  if (!cursorPattern.test(after)) {
    const expected = "the cursor of an earlier answer";
    throw McpFault.params(200, { field: "after", issue: "pattern", expected, got: after.slice(0, 64) });
  }
  return { session, after: Number(after) };
}

/** A session that is not there is a resource that is not there. */
async function found<T>(uri: string, { stateless }: ResourceCaller, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (thrown) {
    const error = ContractError.from(thrown);
    throw error.code === "session_not_found" ? McpFault.resourceNotFound(uri, error, stateless) : thrown;
  }
}
