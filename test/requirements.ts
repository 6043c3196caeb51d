/** One promised behaviour of the seeds or the design. Tests cite its id in their names, in brackets. */
export interface Requirement {
  /** What holds, in one sentence. */
  text: string;
  /** The piece of work that delivers it. */
  issue: Issue;
}

export type Issue = "foundation" | "foundation-hardened" | "comms-complete";

/** Work whose promises must all be cited by a test. */
export const delivered: ReadonlySet<Issue> = new Set<Issue>(["foundation"]);

const foundation = (text: string): Requirement => ({ text, issue: "foundation" });

export const requirements: Readonly<Record<string, Requirement>> = {
  "auth.cli-tokens": foundation("The command line makes, rotates and revokes tokens."),
  "auth.token-life": foundation("Tokens are made, listed without secrets, rotated with overlap and revoked."),
  "cli.agent-echo": foundation("`parley agent echo` streams what it was sent and completes with it."),
  "cli.agent-exec": foundation(
    "`parley agent exec` runs a process for each interaction; its exit code is the outcome.",
  ),
  "cli.agent-model": foundation(
    "`parley agent model` streams a completion of an OpenAI-compatible server, and fails with its reason.",
  ),
  "cli.agents": foundation("The command line's hosts serve sessions over the SDK."),
  "cli.body-from-stdin": foundation("A body piped into `parley send` arrives byte for byte."),
  "cli.peers": foundation("`parley peers` shows peers as a table and as JSON."),
  "cli.reply": foundation("A person can hold a session and answer an interaction by hand."),
  "console.live": foundation(
    "The console lists peers, sends, and shows an answer as it streams, as text only.",
  ),
  "console.narrow": foundation("The console works at 400 pixels without sideways scrolling, dark and light."),
  "console.page": foundation("The console works in a real browser."),
  "console.sign-in-hint": foundation("Without a ticket the console says how to sign in."),
  "console.survives-restart": foundation("The console goes on after a daemon restart without a reload."),
  "console.ticket": foundation(
    "The printed address signs a browser in once; the cookie is HttpOnly and SameSite=Strict.",
  ),
  "contract.third-party": foundation("Tools of others agree with the running daemon."),
  "daemon.bad-config": foundation("A mistake in the config is named with file, line and key."),
  "daemon.doctor": foundation("`parley doctor` names what is wrong and the fix."),
  "daemon.lifecycle": foundation("One daemon of a user starts, says who it is, and stops in order."),
  "daemon.second-up": foundation("A second `parley up` says who already runs and changes nothing."),
  "daemon.sigterm": foundation("SIGTERM ends open streams with a reason; receipts given before are kept."),
  "daemon.store-lock": foundation("A second daemon on the same store is refused by name."),
  "daemon.up-detach": foundation(
    "`parley up --detach` returns when it is ready; `parley stop` leaves nothing behind.",
  ),
  "docs.explorer": foundation("The API explorer opens for a signed-in browser."),
  "mcp.inspector": foundation("The MCP Inspector lists exactly two tools."),
  "project.import-directions": foundation(
    "The linter refuses imports against the directions of ARCHITECTURE.md.",
  ),
  "quality.requirements": foundation(
    "Every promise of a delivered issue is cited by a test, and every cited id is a promise.",
  ),
  "rest.schemathesis": foundation("Schemathesis finds no failure on the running daemon."),
  "storage.append-durable": foundation(
    "Positions rise by one from 1 per log and the last is kept after a trim.",
  ),
  "storage.append-expect-seq": foundation(
    "Exactly one of concurrent writers with the same expected position commits.",
  ),
  "storage.append-idempotent": foundation(
    "A repeated id gets its first position, also among concurrent calls.",
  ),
  "storage.cas-rev-rises": foundation(
    "Each committed change has a rev above all before, also after tombstones.",
  ),
  "storage.closed": foundation("Close finishes what was accepted; later calls reject with `closed`."),
  "storage.corrupt": foundation("A damaged or foreign file is refused with advice and never replaced."),
  "storage.empty": foundation("What was never written is answered as empty."),
  "storage.fault-checkpoint": foundation(
    "A sync error while copying the log back stops the engine; lack of space there does not.",
  ),
  "storage.fault-definite": foundation(
    "A definite fault fails the whole batch typed, writes nothing, and the next call works.",
  ),
  "storage.fault-unknown": foundation(
    "An I/O error at commit is `unknown`, ends acknowledging, and reopening settles it.",
  ),
  "storage.follow-ends": foundation(
    "Tail and watch end by their signal, or with a typed error, never silently.",
  ),
  "storage.fsync": foundation("There is at least one sync per commit."),
  "storage.full": foundation("A full database refuses typed and recovers without a restart."),
  "storage.group-commit": foundation("Appends in flight together share a commit and its sync."),
  "storage.kill9": foundation("No acknowledged append is lost or doubled by kill -9 under load."),
  "storage.limits": foundation("Oversized or malformed input is refused before anything is written."),
  "storage.lock": foundation("A second opener is refused, and the lock is free after a kill."),
  "storage.model": foundation(
    "Every engine answers random command sequences as a plain in-memory model does.",
  ),
  "storage.modes": foundation("Files are 0600 and the folder is 0700."),
  "storage.read-bounded": foundation("Reads of large entries are complete though taken in bounded steps."),
  "storage.read-yields": foundation("A long read lets the event loop turn between steps."),
  "storage.retention": foundation("Age-based clean-up never repeats a rev, and an overtaken watch is told."),
  "storage.schema-version": foundation("A newer schema is refused naming both versions, file untouched."),
  "storage.signal": foundation("Signals reach current listeners in order and nobody after removal."),
  "storage.sqlite-version": foundation("An SQLite older than 3.51.3 is refused."),
  "storage.tail-no-gap": foundation(
    "Every follower gets every entry once, in order, under concurrent appends.",
  ),
  "storage.tail-slow": foundation("A slow consumer reads from the store at its pace; nothing queues for it."),
  "storage.tail-trim": foundation("A trim takes nothing from a follower but what was trimmed."),
  "storage.watch-no-gap": foundation("List and then watch from its rev reaches every key's newest value."),
  "storage.writer-death": foundation(
    "If the writer's thread ends or cannot start, every call gets a typed answer.",
  ),
  "vectors.cli": foundation("Every vector holds on the command line, exit codes included."),
  "vectors.count": foundation("There are at least 100 vectors, valid and invalid."),
  "vectors.mcp": foundation("Every vector holds on MCP."),
  "vectors.py": foundation("Every vector holds in the Python SDK."),
  "vectors.rest": foundation("Every vector holds on REST."),
  "vectors.rpc": foundation("Every vector holds on JSON-RPC."),
  "vectors.same-error": foundation(
    "Every surface gives the same code, message and sorted details for the same mistake.",
  ),
  "vectors.ts": foundation("Every vector holds in the TypeScript SDK."),
};
