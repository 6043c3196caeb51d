import { createClient, type EventStream, ParleyError, type Session } from "../sdks/typescript/src/browser.js";
import { byId, element } from "./dom.js";
import { SessionList } from "./session-list.js";
import { signInFromAddress } from "./sign-in.js";
import { Timeline } from "./timeline.js";
import "./style.css";

const refreshMs = 2_000;
/** Events of the past that a freshly opened session shows. */
const historyEvents = 400;

const client = createClient({ baseUrl: location.origin, clientName: "console", retries: 0 });
const timeline = new Timeline(byId("timeline"));
const list = new SessionList(byId("sessions"), select);
const to = byId<HTMLSelectElement>("to");
const body = byId<HTMLTextAreaElement>("body");
const notice = byId("notice");

let sessions: readonly Session[] = [];
let selected: string | undefined;
let stream: EventStream | undefined;
let daemonShown = false;

await signIn();
void keepFresh();
// The printed address opened in this very tab changes only the fragment, which loads nothing anew.
addEventListener("hashchange", () => void signIn().then(refresh));

async function signIn(): Promise<void> {
  const problem = await signInFromAddress();
  byId("sign-in-problem").textContent = problem ?? "";
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
    sessions = listed.sessions;
    list.draw(sessions, selected);
    drawPeers(directory.peers.map((peer) => peer.name));
    const first = sessions.find((session) => session.state === "live") ?? sessions[0];
    if (selected === undefined && first !== undefined) select(first);
    if (selected === undefined) timeline.clear(emptyTimeline());
  } catch (error) {
    daemonShown = false;
    if (error instanceof ParleyError && error.code === "unauthenticated") showApp(false);
    else showLink("daemon not reachable, trying again", true);
  }
}

function showApp(signedIn: boolean): void {
  byId("app").hidden = !signedIn;
  byId("sign-in").hidden = signedIn;
}

function showLink(text: string, down: boolean): void {
  const link = byId("link");
  link.classList.toggle("down", down);
  if (link.textContent !== text) link.textContent = text;
}

function drawPeers(names: readonly string[]): void {
  if (names.join() === [...to.options].map((option) => option.value).join()) return;
  const chosen = to.value;
  to.replaceChildren(...names.map((name) => new Option(name, name, false, name === chosen)));
  byId<HTMLButtonElement>("send").disabled = names.length === 0;
}

function select(session: Session): void {
  if (selected === session.session_id) return;
  selected = session.session_id;
  byId("stage-title").textContent = session.name;
  byId("stage-about").textContent = session.description ?? "";
  if ([...to.options].some((option) => option.value === session.name)) to.value = session.name;
  list.draw(sessions, selected);
  timeline.clear(emptyTimeline(session.name));
  void stream?.close();
  void follow(session);
}

async function follow(session: Session): Promise<void> {
  const events = client.stream(
    { kind: "session", session_id: session.session_id },
    {
      afterSequence: Math.max(0, session.last_sequence - historyEvents),
      reconnectTimeout: Number.POSITIVE_INFINITY,
    },
  );
  stream = events;
  try {
    for await (const event of events) if (stream === events) timeline.add(event);
  } catch (error) {
    if (stream === events)
      notice.textContent = `The live stream of ${session.name} ended: ${(error as Error).message}`;
  }
}

async function send(): Promise<void> {
  const text = body.value.trim();
  if (text === "" || to.value === "") return;
  notice.textContent = "";
  const request = byId<HTMLSelectElement>("mode").value === "ask";
  try {
    await client.send(
      request
        ? { kind: "peer_request", to: to.value, intent: "ask", params: { body: text } }
        : { kind: "peer_message", to: to.value, body: text },
    );
    body.value = "";
    const target = sessions.find((session) => session.name === to.value);
    if (target !== undefined) select(target);
  } catch (error) {
    notice.textContent = (error as Error).message;
  }
}

byId("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  void send();
});
body.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  void send();
});

function emptyTimeline(name?: string): HTMLElement {
  if (name === undefined)
    return element(
      "p",
      "empty",
      "Nothing runs yet. Start an agent, and what it does appears here as it happens.",
    );
  return element(
    "p",
    "empty",
    `Nothing has happened in ${name} yet. Send it something below, or from a terminal:`,
    element("pre", "", element("code", "", `npx parley send ${name} "hi" --stream`)),
  );
}
