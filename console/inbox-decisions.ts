import type { Parley, Session } from "../sdks/typescript/src/browser.js";
import { words } from "./describe-event.js";
import { byId, commandLine, element } from "./dom.js";
import { type Decision, untilText, type Waiting, WaitingList } from "./waiting-list.js";

const most = 50;

/** What a person decides about a session's inbox: what its policy holds, and what ended without its work done. */
export class InboxDecisions {
  readonly #client: Parley;
  readonly #held: WaitingList;
  readonly #dead: WaitingList;
  readonly #hold: (interactionIds: ReadonlySet<string>) => void;
  #session: Session | undefined;
  /** The session as the lists show it: while it stays so, they do too. */
  #shown = "";

  constructor(
    client: Parley,
    complain: (message: string) => void,
    hold: (interactionIds: ReadonlySet<string>) => void,
  ) {
    this.#client = client;
    this.#hold = hold;
    this.#held = new WaitingList(
      byId("held"),
      [
        this.#decision("Deliver", "primary", (of) =>
          client.sessions.releaseHeld({ ...of, decision: "deliver" }),
        ),
        this.#decision("Refuse", "danger", (of) =>
          client.sessions.releaseHeld({ ...of, decision: "refuse" }),
        ),
      ],
      element(
        "div",
        "empty",
        "Nothing is held. A session that opens with a policy decides here what it takes from peers:",
        commandLine(`parley session open desk --inbound-policy '{"peer_message": "hold"}'`),
      ),
      complain,
    );
    this.#dead = new WaitingList(
      byId("dead"),
      [
        this.#decision("Retry", "primary", (of) => client.sessions.retryDeadLetter(of)),
        this.#decision("Drop", "danger", (of) => client.sessions.dropDeadLetter(of)),
      ],
      element(
        "div",
        "empty",
        "No dead letters. What expires, is refused, or is given up by its host stays here for 7 days, to be tried again or dropped.",
      ),
      complain,
    );
  }

  select(session: Session): void {
    this.#session = session;
    this.#shown = "";
    this.#held.clear();
    this.#dead.clear();
    showCount("held", 0, false);
    showCount("dead", 0, false);
    // When the daemon is away the page's own refresh says so.
    this.refresh(session).catch(() => undefined);
  }

  /** Asks when the session has moved, or always while one of the lists is in sight. */
  async refresh(session: Session): Promise<void> {
    const now = `${session.session_id} ${session.last_sequence} ${session.unread}`;
    const inSight = !byId("panel-held").hidden || !byId("panel-dead").hidden;
    if (now === this.#shown && !inSight) return;
    const request = { name: session.name, limit: most };
    const [held, dead] = await Promise.all([
      this.#client.sessions.listHeld(request),
      this.#client.sessions.listDeadLetters(request),
    ]);
    if (this.#session?.session_id !== session.session_id) return;
    this.#shown = now;
    this.#hold(new Set(held.held.map((one) => one.interaction_id)));
    showCount("held", held.held.length, held.more);
    showCount("dead", dead.dead_letters.length, dead.more);
    this.#held.draw(
      held.held.map((one) => ({
        id: one.interaction_id,
        from: one.from,
        kind: words(one.kind),
        at: one.received_at,
        note: `Held by the policy of ${session.name}${untilText(one.expires_at)}`,
        command: one.command,
      })),
    );
    this.#dead.draw(
      dead.dead_letters.map((one) => ({
        id: one.interaction_id,
        from: one.from,
        kind: words(one.kind),
        at: one.ended_at,
        note: `${words(one.state)}: ${one.message} [${one.code}]${attemptsText(one.attempts)}`,
        command: one.command,
      })),
    );
  }

  #decision(
    label: string,
    style: Decision["style"],
    take: (of: { name: string; interaction_id: string }) => PromiseLike<unknown>,
  ): Decision {
    return {
      label,
      style,
      says: ({ from, kind }: Waiting) => `${label} the ${kind} from ${from}`,
      take: async ({ id }) => {
        await take({ name: this.#session!.name, interaction_id: id });
      },
    };
  }
}

function attemptsText(attempts: number): string {
  return attempts < 2 ? "" : `, given to a host ${attempts} times`;
}

function showCount(tab: string, count: number, more: boolean): void {
  byId(`${tab}-count`).textContent = count === 0 ? "" : `${count}${more ? "+" : ""}`;
}
