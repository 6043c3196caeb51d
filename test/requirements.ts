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
  "comms.admission": foundation(
    "A full inbox refuses with a time to wait, counts sends under way, and still knows repeated keys.",
  ),
  "comms.crash": foundation(
    "A stop or fault at any write loses nothing acknowledged, doubles nothing and leaves no gap.",
  ),
  "comms.cursor": foundation(
    "A session is read from now on unless told otherwise; a cursor in the future is refused.",
  ),
  "comms.fast-answer": foundation("An answer that came before its reader waits for it."),
  "comms.idempotency": foundation(
    "The same key gives the first receipt, another body a conflict, also after a restart.",
  ),
  "comms.implicit-session": foundation("A caller without a session has one that can be answered."),
  "comms.interaction-id": foundation("An interaction's id tells the session that holds its log."),
  "comms.peers": foundation(
    "Peers are listed by the resolver of send, sorted, without oneself, under a rising generation.",
  ),
  "comms.presence": foundation("A session that nobody holds is online while its log is followed."),
  "comms.reservation": foundation("The reservation's five states move as the table says."),
  "comms.reservation-cleanup": foundation("However a stream ends, nothing of it is left behind."),
  "comms.reservation-races": foundation(
    "In every interleaving one end state is reached at most once and stays.",
  ),
  "comms.reservation-ttl": foundation("A reservation runs out after its time; the log stays readable."),
  "comms.response": foundation(
    "An answer ends its interaction once and reaches the asker by stream or inbox.",
  ),
  "comms.response-errors": foundation("Only the session that was asked answers, and only to who asked."),
  "comms.resume": foundation(
    "A dropped connection gives the reservation back and the reader goes on where it was.",
  ),
  "comms.retention": foundation("An ended interaction can be read for its time, then it is gone."),
  "comms.revoked": foundation("The end of the credentials ends the stream."),
  "comms.self": foundation("Nobody sends to itself unless it says so."),
  "comms.send-errors": foundation("What cannot be sent says why."),
  "comms.send-kinds": foundation("Each kind of command waits in the recipient's inbox as it was said."),
  "comms.sequences": foundation(
    "Sequences are contiguous and the same for every reader under concurrent emitters.",
  ),
  "comms.single-reader": foundation("An interaction has one reader, which can be superseded by name."),
  "comms.stream-close": foundation("Closing belongs to the connection, may be repeated, and is for good."),
  "comms.stream-live": foundation("A reader sees what is kept, then what comes, then the end."),
  "comms.stream-permission": foundation(
    "A session's log is for its principal; an interaction's also for who asked.",
  ),
  "comms.stream-restart": foundation("After a restart a reservation waits again and nothing is lost."),
  "comms.stream-slow": foundation("A reader far behind is served from the store without a gap."),
  "comms.trim-crash": foundation("Old events go without damage wherever the daemon stops."),
  "comms.truncated": foundation("What retention took is told to the reader."),
  "comms.truthful": foundation("Send reaches every peer and kind that peers lists."),
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
  "sessions.answered-once": foundation(
    "An answered interaction is not offered again when its host vanishes.",
  ),
  "sessions.claim-expiry": foundation(
    "An expired claim returns to the head with one more attempt; emits renew it.",
  ),
  "sessions.claim-restart": foundation("A claim lives on over a restart with a fresh time."),
  "sessions.close": foundation("Closing ends what waits and frees the name."),
  "sessions.connection": foundation("A lease lives and dies with the WebSocket that opened it."),
  "sessions.drain": foundation("Interactions are claimed oldest first, each by one host."),
  "sessions.drain-renews": foundation(
    "A waiting drain keeps the lease alive, and a late holder comes back with its token.",
  ),
  "sessions.drain-wait": foundation(
    "A drain waits for the first one, for its time, or until its caller is gone.",
  ),
  "sessions.emit": foundation("A batch of events is appended in order and renews the claim."),
  "sessions.emit-errors": foundation("Emitting needs the claim, a known interaction and room."),
  "sessions.emit-idempotency": foundation(
    "A repeated key appends nothing twice, also side by side and after a restart.",
  ),
  "sessions.fence": foundation("The fence rises with each holder and voids what the one before had."),
  "sessions.list": foundation("Sessions are listed by name with what waits for them."),
  "sessions.local": foundation("The local user may take any offline name."),
  "sessions.one-holder": foundation("Two live sessions cannot share a name; the holder's repeat renews."),
  "sessions.open": foundation("Opening a name makes a session and a lease on it."),
  "sessions.principal": foundation("A name belongs to its principal until it is closed."),
  "sessions.restart": foundation("After a restart the holder's token still works and others wait."),
  "sessions.settle-dead": foundation("A dead outcome fails the interaction with its reason."),
  "sessions.settle-done": foundation("A done outcome completes with result and usage; repeating it is safe."),
  "sessions.settle-errors": foundation("Settling needs the claim that is in force."),
  "sessions.settle-retry": foundation(
    "A retried interaction is offered again, not before its time, also over a restart.",
  ),
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
