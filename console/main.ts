import {
  createClient,
  type EventStream,
  ParleyError,
  type Session,
  signIn,
  signOut,
} from "../sdks/typescript/src/browser.js";
import { Composer } from "./composer.js";
import { byId, commandLine, element } from "./dom.js";
import { EventView } from "./event-view.js";
import { InboxDecisions } from "./inbox-decisions.js";
import { InboxTab } from "./inbox-tab.js";
import type { Interaction, OpenQuestion } from "./interaction.js";
import { InteractionList } from "./interaction-list.js";
import { presenceOf } from "./presence.js";
import { Questions } from "./questions.js";
import { SessionList } from "./session-list.js";
import { Tabs } from "./tabs.js";
import "./style.css";

const refreshMs = 2_000;
/** Events of the past that a freshly opened session shows. */
const historyEvents = 10_000;

const client = createClient({ baseUrl: location.origin, clientName: "console", retries: 0 });
const events = new EventView();
const tabs = new Tabs((name) => {
  if (name === "events") events.draw();
  else interactions.resume();
});
const interactions = new InteractionList(
  byId("interactions"),
  (id) => {
    events.filterByInteraction(id);
    tabs.show("events");
  },
  cancel,
  (id) => questions.want(id),
  answer,
);
const questions = new Questions(client, (id, text) => interactions.ask(id, text));
const list = new SessionList(byId("sessions"), select);
const composer = new Composer(client, (peer, interactionId, body) => {
  const target = sessions.find((session) => session.name === peer);
  if (target !== undefined) select(target);
  if (interactionId !== undefined) interactions.ask(interactionId, body);
});
const decisions = new InboxDecisions(
  client,
  (message) => composer.complain(message),
  (held) => interactions.hold(held),
);

const inbox = new InboxTab(client, (message) => composer.complain(message));

const foreignAdvice = `Another program answers at ${location.host} in place of your daemon. This page sends it nothing. Do not reload: the page that comes is the other program's. In a terminal, run \`parley up --detach\` and \`parley console\`, and open the address that it prints.`;

let sessions: readonly Session[] = [];
let selected: Session | undefined;
let stream: EventStream | undefined;
/** Opens the live stream again that the connection's loss has ended. */
let resume: (() => void) | undefined;
let daemonShown = false;

tabs.show("interactions");
await useTicket();
void keepFresh();
// The printed address opened in this very tab changes only the fragment, which loads nothing anew.
addEventListener("hashchange", () => void useTicket().then((signedIn) => signedIn && location.reload()));
// Another tab signed in or out; a page that was shown starts afresh, with nothing of the session before.
addEventListener("storage", () => location.reload());
byId("sign-out").addEventListener("click", () => void leave());
addEventListener("keydown", (event) => {
  const typing = event.target instanceof HTMLElement && event.target.matches("input, textarea, select");
  if (event.key !== "/" || typing || byId("app").hidden) return;
  event.preventDefault();
  tabs.show("events");
  byId("filter-text").focus();
});

/** Signs in with the ticket in the address; true when there was one and it worked. */
async function useTicket(): Promise<boolean> {
  byId("sign-in-problem").textContent = "";
  try {
    return await signIn();
  } catch (error) {
    byId("sign-in-problem").textContent = (error as Error).message;
    return false;
  }
}

async function leave(): Promise<void> {
  try {
    await signOut();
  } catch {
    // The page is signed out here all the same; the daemon ends the session when its 12 hours are over.
  }
  location.reload();
}

/** Asks again for as long as the page lives: a daemon that went away is found again without a reload. */
async function keepFresh(): Promise<void> {
  await refresh();
  setTimeout(keepFresh, refreshMs);
}

async function refresh(): Promise<void> {
  try {
    if (!daemonShown) {
      const status = await client.system.status();
      byId("daemon").textContent =
        `${location.host} · contract ${status.contract} · store ${status.store.engine}`;
      daemonShown = true;
    }
    const [listed, directory] = await Promise.all([client.sessions.list(), client.comms.peers()]);
    showApp(true);
    showLink("connected", false);
    resume?.();
    resume = undefined;
    sessions = listed.sessions;
    const first = sessions.find((session) => session.state === "live") ?? sessions[0];
    if (selected === undefined && first !== undefined) select(first);
    list.draw(sessions, selected?.session_id);
    byId("tabs").hidden = selected === undefined;
    composer.offer(directory.peers.map((peer) => peer.name));
    if (selected === undefined) interactions.clear(emptyInteractions());
    else {
      const { session_id } = selected;
      const now = sessions.find((session) => session.session_id === session_id) ?? selected;
      showAbout(now);
      await Promise.all([decisions.refresh(now), inbox.refresh(now)]);
    }
  } catch (error) {
    daemonShown = false;
    if (error instanceof ParleyError && error.code === "unauthenticated") showApp(false);
    else if (isForeign(error)) showLink("another program has the daemon's port", true, foreignAdvice);
    else showLink("daemon not reachable, trying again", true, "", (error as Error).message);
  }
}

async function cancel(interactionId: string): Promise<void> {
  const params = { interaction_id: interactionId };
  try {
    await client.send({ kind: "peer_request", to: selected!.name, intent: "comms.cancel", params });
  } catch (error) {
    composer.complain((error as Error).message);
    throw error;
  }
}

/** Answers a host's question as the session that sent the interaction. */
async function answer({ id, asker }: Interaction, { requestId }: OpenQuestion, body: string): Promise<void> {
  const in_reply_to = { interaction_id: id, request_id: requestId };
  try {
    const command = { kind: "peer_message", to: selected!.name, body, options: { in_reply_to } } as const;
    await client.send(command, { session: asker });
    composer.complain("");
  } catch (error) {
    composer.complain((error as Error).message);
    throw error;
  }
}

/** What answers is not the daemon that this page is signed in to. */
function isForeign(error: unknown): boolean {
  return error instanceof ParleyError && error.details.some(({ field }) => field === "proof");
}

/** The daemon does not answer this page, or what answers in its place refuses it: both may pass. */
function isLost(error: unknown): boolean {
  return error instanceof ParleyError && ["daemon_unreachable", "unauthenticated"].includes(error.code);
}

function showApp(signedIn: boolean): void {
  byId("app").hidden = !signedIn;
  byId("sign-out").hidden = !signedIn;
  byId("sign-in").hidden = signedIn;
  if (!signedIn) showLink("", false);
}

/** Shows the state of the connection; `alarm` is what the user has to do. */
function showLink(text: string, down: boolean, alarm = "", title = ""): void {
  const link = byId("link");
  link.title = title;
  link.classList.toggle("down", down);
  if (link.textContent !== text) link.textContent = text;
  const shown = byId("alarm");
  shown.hidden = alarm === "";
  if (shown.textContent !== alarm) shown.textContent = alarm;
}

function showAbout(session: Session): void {
  byId("stage-title").textContent = session.name;
  byId("stage-about").textContent = [
    presenceOf(session),
    ...(session.unread > 0 ? [`${session.unread} waiting in the inbox`] : []),
    ...(session.description === undefined ? [] : [session.description]),
  ].join(" · ");
}

function select(session: Session): void {
  if (selected?.session_id === session.session_id) return;
  selected = session;
  showAbout(session);
  composer.choose(session.name);
  list.draw(sessions, session.session_id);
  interactions.clear(emptyInteractions(session.name));
  events.clear();
  questions.select(session);
  decisions.select(session);
  inbox.select(session);
  void stream?.close();
  resume = undefined;
  void follow(session, Math.max(0, session.last_sequence - historyEvents));
}

async function follow(session: Session, afterSequence: number): Promise<void> {
  const { name, session_id } = session;
  const opened = client.stream(
    { kind: "session", session_id },
    { afterSequence, reconnectTimeout: Number.POSITIVE_INFINITY },
  );
  stream = opened;
  let shown = afterSequence;
  try {
    for await (const event of opened) {
      if (stream !== opened) return;
      interactions.add(event);
      events.add(event);
      shown = event.sequence ?? shown;
    }
  } catch (error) {
    if (stream !== opened) return;
    if (isLost(error)) resume = () => void follow(session, shown);
    else composer.complain(`The live stream of ${name} ended: ${(error as Error).message}`);
  }
}

function emptyInteractions(name?: string): HTMLElement {
  if (name === undefined)
    return element(
      "div",
      "empty",
      "Nothing runs yet. Start an agent, and what it does appears here as it happens:",
      commandLine("parley agent echo --name echo"),
    );
  return element(
    "div",
    "empty",
    `Nothing has happened in ${name} yet. Send it something below, or from a terminal:`,
    commandLine(`parley send ${name} "hi" --stream`),
  );
}
