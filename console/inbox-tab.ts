import type { Parley, Session } from "../sdks/typescript/src/browser.js";
import { words } from "./describe-event.js";
import { byId, clock, commandLine, element } from "./dom.js";
import { type Waiting, WaitingList } from "./waiting-list.js";

type Page = Awaited<ReturnType<Parley["sessions"]["listInbox"]>>;
type Listed = Page["interactions"][number];

const pageItems = 50;
/** Characters of one text in the page; the command line prints all. */
export const longestShown = 4_000;

/** What waits in a session's inbox, with its text: the oldest first, in pages. Looking at it claims nothing. */
export class InboxTab {
  readonly #client: Parley;
  readonly #list: WaitingList;
  readonly #complain: (message: string) => void;
  #session: Session | undefined;
  #pages = 1;
  /** The session as the list shows it: while it stays so, the list does too. */
  #shown = "";

  constructor(client: Parley, complain: (message: string) => void) {
    this.#client = client;
    this.#complain = complain;
    this.#list = new WaitingList(
      byId("inbox"),
      [
        {
          label: "Done",
          style: "primary",
          says: ({ from, kind }) => `Done with the ${kind} from ${from}`,
          take: async ({ id }) => {
            await client.sessions.dismiss({ name: this.#session!.name, interaction_id: id });
          },
        },
      ],
      element("div", "empty", "Nothing waits here. A terminal shows the same:", commandLine("parley inbox")),
      complain,
    );
    byId("inbox-more").addEventListener("click", () => {
      this.#pages += 1;
      this.#shown = "";
      if (this.#session !== undefined)
        this.refresh(this.#session).catch((error: Error) => this.#complain(error.message));
    });
  }

  select(session: Session): void {
    this.#session = session;
    this.#pages = 1;
    this.#shown = "";
    this.#list.clear();
    byId("inbox-count").textContent = "";
    byId("inbox-omitted").hidden = true;
    byId("inbox-more").hidden = true;
    // When the daemon is away the page's own refresh says so.
    this.refresh(session).catch(() => undefined);
  }

  /** Asks when the session has moved, or always while the list is in sight. */
  async refresh(session: Session): Promise<void> {
    const now = `${session.session_id} ${session.last_sequence} ${session.unread}`;
    if (now === this.#shown && byId("panel-inbox").hidden) return;
    const { interactions, more, omitted } = await this.#read(session.name);
    if (this.#session?.session_id !== session.session_id) return;
    this.#shown = now;
    byId("inbox-count").textContent =
      interactions.length === 0 ? "" : `${interactions.length}${more ? "+" : ""}`;
    byId("inbox-more").hidden = !more;
    const note = byId("inbox-omitted");
    note.hidden = omitted === undefined;
    note.textContent =
      omitted === undefined
        ? ""
        : `${omitted.count} older answers are not listed, the oldest from ${clock(omitted.oldest_at)}. Each can be read in its interaction.`;
    this.#list.draw(interactions.map((one) => shownAs(one, session.name)));
  }

  async #read(name: string): Promise<Pick<Page, "interactions" | "more" | "omitted">> {
    const interactions: Listed[] = [];
    let page: Page | undefined;
    for (let at = 0; at < this.#pages && page?.more !== false; at += 1) {
      page = await this.#client.sessions.listInbox({ name, limit: pageItems, cursor: page?.cursor ?? 0 });
      interactions.push(...page.interactions);
    }
    return { ...page!, interactions };
  }
}

function shownAs(one: Listed, session: string): Waiting {
  const isRequest = one.kind === "peer_request" || one.kind === "input";
  const isCut = one.text.length > longestShown;
  const cut = `parley inbox ${session} --interaction ${one.interaction_id}`;
  const reply = `parley reply ${one.interaction_id} "text"`;
  return {
    id: one.interaction_id,
    from: one.from,
    kind: [words(one.kind), one.intent, one.status].filter((part) => part !== undefined).join(" "),
    at: one.received_at,
    note: one.state === "waiting" ? "" : words(one.state),
    question: one.question,
    text: shortened(one.text),
    hint: isCut ? cut : isRequest ? reply : undefined,
    fixed: isRequest || one.state !== "waiting",
  };
}

/** The text as far as the page shows it. */
export function shortened(text: string): string {
  if (text.length <= longestShown) return text;
  const left = (text.length - longestShown).toLocaleString();
  return `${text.slice(0, longestShown).toWellFormed()}… ${left} more characters`;
}
