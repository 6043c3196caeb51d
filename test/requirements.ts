/** One promised behaviour of the seeds or the design. Tests cite its id in their names, in brackets. */
export interface Requirement {
  /** What holds, in one sentence. */
  text: string;
  /** The piece of work that delivers it. */
  issue: Issue;
}

export type Issue = "foundation" | "foundation-hardened" | "comms-complete" | "trust" | "people";

/** Work whose promises must all be cited by a test. */
export const delivered: ReadonlySet<Issue> = new Set<Issue>(["foundation", "trust", "people"]);

const foundation = (text: string): Requirement => ({ text, issue: "foundation" });
const hardened = (text: string): Requirement => ({ text, issue: "foundation-hardened" });
const comms = (text: string): Requirement => ({ text, issue: "comms-complete" });
const trust = (text: string): Requirement => ({ text, issue: "trust" });
const people = (text: string): Requirement => ({ text, issue: "people" });

export const requirements: Readonly<Record<string, Requirement>> = {
  "abuse.refused": hardened(
    "Whatever is sent is refused typed or cut, and nothing of it stays: memory, descriptors, streams.",
  ),
  "abuse.walk": hardened(
    "Every route with every method and upgrade refuses nobody, foreign Hosts and foreign Origins; the walk is red when a check is gone.",
  ),
  "auth.cli-tokens": foundation("The command line makes, rotates and revokes tokens."),
  "auth.clock-set": hardened(
    "Setting the wall clock neither ends nor prolongs a token, a ticket or a browser session; sleep counts.",
  ),
  "auth.cookie": foundation(
    "The cookie is for this site's requests only; together with the page key it proves the console.",
  ),
  "auth.cookie-durable": foundation("A session outlives the process, hashed, and ends after 12 hours."),
  "auth.credentials": foundation(
    "A bearer token, a cookie or the unix socket proves a principal; wrong credentials are never nobody's.",
  ),
  "auth.host": foundation("Only loopback names and configured ones are served, whatever a name resolves to."),
  "auth.origin": foundation(
    "A foreign or null Origin is refused before credentials; routes for browsers demand one.",
  ),
  "auth.sign-out": foundation("Signing out ends the session here and at rest."),
  "auth.ticket": foundation(
    "A ticket works once; a ticket used twice at once works once; a ticket lives 60 seconds; one that was never made does not work.",
  ),
  "auth.token": foundation("A new token proves its principal, and only whole; tokens outlive the process."),
  "auth.token-at-rest": foundation("Neither the store nor a list holds a secret."),
  "auth.token-expiry": foundation("A token ends with its time, however far away that is."),
  "auth.token-follow": foundation("What another daemon of the realm changes takes effect here."),
  "auth.token-life": foundation("Tokens are made, listed without secrets, rotated with overlap and revoked."),
  "auth.token-race": foundation("Two rotations at once both happen, one after the other."),
  "auth.token-revoke": foundation("Revoking ends live connections at once and for good."),
  "auth.token-rotate": foundation(
    "The old secret works until its overlap ends, then its connections end; without overlap the old secret ends now; a second rotation ends the one before.",
  ),
  "backup.kill9": hardened("kill -9 while a backup is written leaves nothing under its name."),
  "backup.mistakes": hardened("What cannot be backed up or restored says what to do."),
  "backup.round-trip": hardened(
    "A backup taken under load restores everything acknowledged before it, with tokens and sequences.",
  ),
  "bench.bars": foundation("Every performance bar has its benchmark, or says which plane it waits for."),
  "cli.agent-echo": foundation("`parley agent echo` streams what it was sent and completes with it."),
  "cli.agent-exec": foundation(
    "`parley agent exec` runs a process for each interaction; its exit code is the outcome.",
  ),
  "cli.agent-model": foundation(
    "`parley agent model` streams a completion of an OpenAI-compatible server, and fails with its reason.",
  ),
  "cli.agent-exec-cancel": comms(
    "A command that has become void, or ran for too long, ends with everything that it has started.",
  ),
  "cli.agent-exec-context": comms(
    "A command of `parley agent exec` finds who asks, what and how in its environment.",
  ),
  "cli.agent-exec-large": comms(
    "Output of any size reaches the events whole, characters uncut; a result too long for one says so.",
  ),
  "cli.agent-exec-failure": comms(
    "A command's failure carries its exit code and the end of its stderr; 75 is worth another try; one that does not exist is refused at the start.",
  ),
  "cli.agent-model-cancel": comms(
    "A turn that has become void ends the request to the model server; its interaction goes back to the inbox.",
  ),
  "cli.agent-model-errors": comms(
    "A model server that refuses, breaks off, falls silent or filters gives a typed failure with its own words and without the key.",
  ),
  "cli.agent-model-busy": people(
    "A question that the model server refuses with 429, or with 503 and `Retry-After`, is given back and asked again when the server wants it, within bounds.",
  ),
  "cli.agent-model-reasoning": comms(
    "Reasoning is passed on apart from the text, both also whole; usage stands in turn_completed.",
  ),
  "cli.agent-model-tools": comms(
    "A model's tool calls are passed on with their arguments, and their results brought back by the next request.",
  ),
  "cli.agent-model-turns": comms(
    "A model host knows what the same sender said before, apart for each sender and conversation, bounded.",
  ),
  "cli.agents": foundation("The command line's hosts serve sessions over the SDK."),
  "cli.answer": people(
    "`parley answer` answers a host's open question; a reader of the stream is shown the question with the command to type.",
  ),
  "cli.arguments-utf8": people("An argument that is not valid UTF-8 is refused as on stdin, never changed."),
  "cli.ask": people(
    "`parley ask` inside a command of `parley agent exec` asks the sender and prints the answer.",
  ),
  "cli.body-from-stdin": foundation("A body piped into `parley send` arrives byte for byte."),
  "cli.boolean-flags": people("A flag of the contract that is true or false means true without a value."),
  "cli.bytes": people(
    "What peers wrote reaches a pipe or a file byte for byte: CR, NUL and a byte order mark pass through.",
  ),
  "cli.cancel": comms(
    "`parley send <peer> --cancel <interaction>` ends what waits; Ctrl-C while reading says how to read on and to cancel.",
  ),
  "cli.completion": comms(
    "Tab completes commands, flags, choices and the names of peers and sessions, in bash, zsh and fish.",
  ),
  "cli.dash": people(
    "A word that begins with a dash and is no option is refused with the command line that passes it as text, and so are words beyond the arguments.",
  ),
  "cli.direct": hardened("A plain command line means the same with and without the full parser."),
  "cli.exec-drain": trust(
    "Output that lies in the pipe at a command's exit arrives whole; then a short silence, bounded overall, ends the reading.",
  ),
  "cli.exec-end": trust(
    "A time limit, a cancel and Ctrl-C end a command of `parley agent exec` within a second, whatever ignores SIGTERM or keeps the pipes open.",
  ),
  "cli.exec-kill-children": trust("`--kill-children` ends every process that a command has left running."),
  "cli.exec-outcome": trust(
    "The outcome of `parley agent exec` follows the command's exit, whatever keeps its pipes open.",
  ),
  "cli.exec-recipe": trust("The recipe for progress and answers from a script runs as the docs print it."),
  "cli.exec-reply": trust(
    "`parley reply` answers from inside a command as the session it serves; a final answer is the only one, whatever the exit code.",
  ),
  "cli.exec-start": trust(
    "A program that cannot be started fails its interaction with the reason and leaves the host serving.",
  ),
  "cli.exec-survivors": trust(
    "Processes that outlive a command are named in an event with pid and command, those of another session too.",
  ),
  "cli.inbound-policy": comms("An agent says on its command line what it holds and what it refuses."),
  "cli.help-globals": people("The help of every command has the options of all commands, `--as` among them."),
  "cli.inbox": people(
    "`parley inbox` shows the text of what waits, for people, scripts and pipes; `--watch` follows it over restarts of the daemon.",
  ),
  "cli.inbox-notice": people(
    "On a terminal `peers` and `send` print one line when something waits for their caller; pipes and `--json` have no such line.",
  ),
  "cli.inbox-done": people(
    "`parley inbox done ID` ends what was read, whichever session of the caller holds it; for a request it prints the commands that answer it.",
  ),
  "cli.mistakes": foundation("A mistake of usage exits with 2 and says what to do."),
  "cli.model-lines": people(
    "A model server's stream is read in time that grows with its bytes, however it is cut; a line above 8 MiB is a typed failure.",
  ),
  "cli.next-step": comms(
    "An error of the command line says what to type next; a mistyped peer is recognised.",
  ),
  "cli.npx": hardened(
    "`npx --no-install parley` runs the checkout's own command, also after that has moved.",
  ),
  "cli.own-command": people(
    "Examples that a command prints begin with words that run this very command: `parley` where the PATH has it, `npx --no-install parley` in the checkout, else its path.",
  ),
  "cli.peers": foundation("`parley peers` shows peers as a table and as JSON."),
  "cli.peers-differ": people(
    "A table that is cut for a terminal of 60, 80 or 100 columns shows in each row what differs, not what all rows begin with.",
  ),
  "cli.peers-width": comms("A table on a terminal keeps each row on its line; in a pipe nothing is cut."),
  "cli.queued": people("`parley send` prints `queued` only when the link to the recipient's daemon is down."),
  "cli.reader-left": people(
    "A reader that leaves ends the command quietly with exit code 0, and the command releases streams and names.",
  ),
  "cli.receipts": comms(
    "`parley send` says when a command is held or queued, and prints later moves that explain a silence.",
  ),
  "cli.reply": foundation("A person can hold a session and answer an interaction by hand."),
  "cli.recipients": people(
    "`parley send ann,bob` and repeated `--to` send to each of several recipients: each outcome is printed, with --json one a line, one that fails keeps no other from its own, and the exit code is that of the first failure.",
  ),
  "cli.session-prune": people(
    "`parley session prune` closes the sessions that are offline, have nothing waiting and were not used for long, prints each, and with --dry-run closes none.",
  ),
  "cli.silent-host": people(
    "A reader is given one line for a host that is silent, in place of the extension events that are its signs of life.",
  ),
  "cli.status-page": trust(
    "`parley status` shows daemon, sessions, links and problems on one page that fits the terminal; with --json the contract's answer.",
  ),
  "cli.stdin-bound": people("stdin is refused as soon as it exceeds what a request can carry."),
  "cli.stdin-none": people(
    "A command for an operation without fields reads no stdin unless `-` asks for it.",
  ),
  "cli.stdin-wait": people(
    "A command that waits for stdin reports that on stderr after two seconds of silence.",
  ),
  "cli.terminal": people(
    "A terminal shows controls, escape sequences and bidirectional controls that peers wrote and obeys none, in every field of events, tables, errors and JSON.",
  ),
  "cli.time-limit": people(
    "`--timeout` of `send --stream` and `stream` ends the reading with exit code 124 and states how to read on.",
  ),
  "cli.wait-line": people(
    "One line states that a recipient is offline or its link is down, that the command waits, and when it expires.",
  ),
  "codegen.format": foundation(
    "The formatter leaves the generated TypeScript unchanged; the formatter leaves every case unchanged.",
  ),
  "codegen.golden": foundation(
    "Small contracts, one feature each, give exactly the files that are kept beside them.",
  ),
  "codegen.printer": foundation(
    "Prints header, sorted imports and lines; breaks imports that are too long; wraps doc comments and keeps them comments.",
  ),
  "codegen.schemas": foundation("Ajv compiles every view in strict mode."),
  "codegen.yaml": foundation(
    "What is printed reads back as the same data; prints one key per line and quotes only where needed.",
  ),
  "comms.admission": foundation(
    "A full inbox refuses with a time to wait, counts sends under way, and still knows repeated keys.",
  ),
  "comms.answer-always": trust(
    "An answer is delivered when it is appended to its interaction and ends it at once, whatever the asker's inbox, policy or session does.",
  ),
  "comms.answer-copies": trust(
    "An inbox lists the newest 256 copies of answers; an older one leaves the list, is no dead letter and changes no receipt, and nothing else is ever evicted.",
  ),
  "comms.answer-crash": trust(
    "Wherever the daemon stops, an acknowledged answer has ended its interaction, and its copy comes once.",
  ),
  "comms.answer-old-store": trust(
    "A store whose inboxes an earlier daemon filled with answers lists the newest of them, and the hosts that waited go on.",
  ),
  "comms.attempts": comms(
    "A command whose hosts are always gone is given out so often and no more; giving back does not count.",
  ),
  "comms.cancel": comms(
    "A sender ends what no host has yet; a host that has it is told, also while it is busy, and decides.",
  ),
  "comms.crash": foundation(
    "A stop or fault at any write loses nothing acknowledged, doubles nothing and leaves no gap.",
  ),
  "comms.cursor": foundation(
    "A session is read from now on unless told otherwise; a cursor in the future is refused.",
  ),
  "comms.dead-letters": comms(
    "What ended without its work done is listed, bounded, retried once or dropped, also over restarts.",
  ),
  "comms.delivery": comms("A receipt tells the state that is on disk, and a repeat tells the same."),
  "comms.delivery-crash": comms(
    "Wherever the daemon stops, each delivery moves once, and no dead letter is lost or doubled.",
  ),
  "comms.dismiss": people(
    "A message or an answer that no host has claimed is dismissed once and is complete for its sender; a claimed one is `fence_stale`, and a request names the commands that answer it.",
  ),
  "comms.dismiss-races": people(
    "A dismissal and a claim, an answer, a cancel or a release of the same interaction leave one end, also over a restart and a write that fails.",
  ),
  "comms.done-with": comms("What expects no answer is done with by a completed, and nobody gets a copy."),
  "comms.ending-in-flight": trust(
    "What would be refused by an end in flight waits until that is known: an end that is not written refuses nothing, and while one may be written no other answer is accepted.",
  ),
  "comms.fast-answer": foundation("An answer that came before its reader waits for it."),
  "comms.handling": comms("What steers is offered before what is queued, each in its order."),
  "comms.held": comms("What a policy holds waits for a decision: listed, released once, refused or expired."),
  "comms.idempotency": foundation(
    "The same key gives the first receipt, another body a conflict, also after a restart.",
  ),
  "comms.identity": comms("A name whose owner changed is not sent to when the sender named the owner."),
  "comms.implicit-session": foundation("A caller without a session has one that can be answered."),
  "comms.inbox-view": comms(
    "An inbox can be looked into, page by page, without anything being taken or marked.",
  ),
  "comms.inbox-list": people(
    "An inbox is listed without claiming: sender, time, kind, text, state and cursor, in bounded pages, answers beside their questions, on every surface but MCP tools.",
  ),
  "comms.inbox-notice": people(
    "Results of `peers` and `send` carry how much waits in the caller's inbox and since when, on every surface: as it is when the answer is sent, in no stored receipt, without a read of the store.",
  ),
  "comms.inbox-wait": people(
    "A listing that would be empty waits for its first item as long as it is asked to, and ends when the caller leaves or the session is closed.",
  ),
  "comms.inbox-watch": comms("Who watches an inbox is told of what comes in, and of the session's end."),
  "comms.inbound-policy": comms("What a peer refuses is not listed and is not sent; what it holds is both."),
  "comms.ingested": comms(
    "The host's first event, answer or result makes a command its own, once; draining does not.",
  ),
  "comms.input-owner": comms("Only who may use a session feeds it."),
  "comms.input-source": people(
    "Each surface's document shows the one source of an input that the surface accepts, as text and as example; another value is refused by its name.",
  ),
  "comms.interaction-id": foundation("An interaction's id tells the session that holds its log."),
  "comms.key-ttl": comms(
    "An idempotency key is remembered as long as its command may wait, and a day at least.",
  ),
  "comms.letter-before-forgotten": trust(
    "An interaction that ended as a dead letter is forgotten only when the letter is written.",
  ),
  "comms.letter-decisions": trust(
    "Of a retry and a drop of one dead letter at the same time the first takes effect, and both callers receive which.",
  ),
  "comms.loops": comms(
    "Two sessions that only answer each other are slowed, those that only repeat themselves sooner.",
  ),
  "comms.lost-entry": hardened("A log that lost an entry is refused; nobody waits for it for ever."),
  "comms.peers": foundation(
    "Peers are listed by the resolver of send, sorted, without oneself, under a rising generation.",
  ),
  "comms.presence": foundation("A session that nobody holds is online while its log is followed."),
  "comms.question-answer": people(
    "An answer to a host's question reaches the host as part of its interaction, in order, whatever the host has room for or refuses.",
  ),
  "comms.question-durable": people(
    "A question, its answer and the refusal of a second answer survive a kill and the trimming of events.",
  ),
  "comms.question-errors": people(
    "An answer to no question, to an interaction that ended, or from another session than the asker is a typed error.",
  ),
  "comms.question-once": people(
    "A question has one answer: another one is `question_answered`, and a repeat with its key gives the first receipt.",
  ),
  "comms.repair-mutual": hardened("Two sessions that owe each other an answer at a start are both repaired."),
  "comms.repair-turns": hardened(
    "A send after a start waits for its own inbox, not for the repair of others.",
  ),
  "comms.repeat-in-flight": trust(
    "A repeat that comes while its first try is in flight joins it: an id is issued once at a time, and both callers get the same answer.",
  ),
  "comms.reservation": foundation("The reservation's five states move as the table says."),
  "comms.reservation-cleanup": foundation("However a stream ends, nothing of it is left behind."),
  "comms.reservation-final": comms("An end state is one after a restart too, and is told as it was."),
  "comms.reservation-orders": comms(
    "In every order of reserving, attaching, closing, ending, time, drops and restarts the daemon answers as the table says and leaves nothing behind.",
  ),
  "comms.reservation-orders-self-test": comms("A reservation table with one rule changed is found out."),
  "comms.reservation-races": foundation(
    "In every interleaving one end state is reached at most once and stays.",
  ),
  "comms.reservation-sockets": comms(
    "Over WebSockets and server-sent events readers meet the same reservation, move for move.",
  ),
  "comms.reservation-ttl": foundation("A reservation runs out after its time; the log stays readable."),
  "comms.response": foundation(
    "An answer ends its interaction once and reaches the asker by stream or inbox.",
  ),
  "comms.response-errors": foundation("Only the session that was asked answers, and only to who asked."),
  "comms.rest": hardened(
    "Inboxes that nobody has to do with leave the memory; claims, reservations, counts and retention go on as they were.",
  ),
  "comms.resume-at-end": comms("Who resumes behind the terminal event hears the end at once."),
  "comms.resume": foundation(
    "A dropped connection gives the reservation back and the reader goes on where it was.",
  ),
  "comms.retention": foundation("An ended interaction can be read for its time, then it is gone."),
  "comms.retention-age": comms(
    "Events go after a day, but not before their interaction is over and has had its time to be read.",
  ),
  "comms.revoked": foundation("The end of the credentials ends the stream."),
  "comms.routes": comms(
    "Each kind takes the first way to the peer that carries it; another peer of the name gets nothing instead.",
  ),
  "comms.self": foundation("Nobody sends to itself unless it says so."),
  "comms.send-errors": foundation("What cannot be sent says why."),
  "comms.send-kinds": foundation("Each kind of command waits in the recipient's inbox as it was said."),
  "comms.sender-rate": comms(
    "A session sends to another at a rate; what is too much is refused with the time after which it is not.",
  ),
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
  "comms.trim-in-flight": trust(
    "A trim notes only what is durable, so that an event in flight is written after a crash all the same.",
  ),
  "comms.truncated": foundation("What retention took is told to the reader."),
  "comms.truthful": foundation("Send reaches every peer and kind that peers lists."),
  "comms.ttl": comms(
    "What no host made its own in its time expires once; setting the wall clock moves nothing.",
  ),
  "comms.unknown-outcome": comms(
    "A send whose append's outcome is unknown looks it up: no failure is told, nothing is doubled.",
  ),
  "comms.unknown-overtaken": hardened(
    "Of two appends under one id, the one whose first try was lost learns of the other.",
  ),
  "comms.unread-cap": comms(
    "Of one sender only so much waits in an inbox; answers and inputs are not counted, and a repeat finds its first.",
  ),
  "config.defaults": foundation("A file's defaults are those of no file."),
  "config.environment": foundation("Variables locate folders and set nothing."),
  "config.errors": foundation(
    "A mistake in the config names file, line, column, key and what to write instead.",
  ),
  "config.paths": foundation("Paths are relative to the file, or to the home folder."),
  "config.search": foundation(
    "The named one, else the folder's, else the user's; a named file that is missing is an error, no file at all is not.",
  ),
  "config.xdg": foundation(
    "Without variables everything lies below the home folder; variables move the folders; relative ones and unusable runtime folders do not count.",
  ),
  "console.cancel": comms("An interaction that waits or is in work can be cancelled from the console."),
  "console.contrast": comms("Every text of the console has the contrast of WCAG AA, dark and light."),
  "console.dead-letters": comms(
    "What ended without its work done is shown with the reason, and retried or dropped there.",
  ),
  "console.empty": comms("Where the console has nothing to show it says what to type."),
  "console.events": comms(
    "The live stream can be filtered by kind, text and interaction, and read and opened with the keyboard alone.",
  ),
  "console.foreign-port": trust(
    "While another program has the daemon's port, an open console states this and what to type, and does not scroll sideways at 400 pixels; it goes on, live streams included, when its daemon is back.",
  ),
  "console.held": comms(
    "What a session's policy holds is shown with its sender, and delivered or refused there.",
  ),
  "console.inbox": people(
    "The console shows the text of what waits in an inbox, the question beside each answer and beside each interaction, and takes off what was read; bounded, as text and not as markup, also at 400 pixels.",
  ),
  "console.keyboard": comms("Tabs, lists and decisions of the console can be used with the keyboard."),
  "console.live": foundation(
    "The console lists peers, sends, and shows an answer as it streams, as text only.",
  ),
  "console.narrow": foundation("The console works at 400 pixels without sideways scrolling, dark and light."),
  "console.page": foundation("The console works in a real browser."),
  "console.question": people("The console answers a host's open question with a text field."),
  "console.selection": people(
    "The console's To follows the selected session, and the list of sessions scrolls to it, at 400 pixels too.",
  ),
  "console.sign-in-hint": foundation("Without a ticket the console says how to sign in."),
  "console.sign-out": trust(
    "The console's button ends the session at the daemon and in every tab of the browser.",
  ),
  "console.survives-restart": foundation("The console goes on after a daemon restart without a reload."),
  "console.ten-thousand": comms(
    "With 10,000 events the page holds a screenful of rows, shows all of them and stays at the end.",
  ),
  "console.ticket": foundation(
    "The printed address signs a browser in once; the cookie is HttpOnly and SameSite=Strict.",
  ),
  "console.timeline": comms(
    "An interaction shows how far its command has come, and each step with its time.",
  ),
  "contract.agreement": foundation(
    "Ajv, TypeScript and Python agree on what fits; random mutations of good values.",
  ),
  "contract.asyncapi": people(
    "The official AsyncAPI parser finds no error and no warning in schemas/dist/asyncapi.yaml.",
  ),
  "contract.breaking": foundation(
    "Operations, events, routes and errors; additions; the contract breaks no older client unsaid.",
  ),
  "contract.breaking-sound": people(
    "No change of a schema that the breaking gate lets through breaks an old caller or an old reader.",
  ),
  "contract.breaking-values": people(
    "A set of values that becomes text, or text that becomes a set, breaks where one side refuses a value.",
  ),
  "contract.custom_code": foundation("Nobody edits generated files."),
  "contract.determinism": foundation("The same schemas give the same bytes everywhere."),
  "contract.digest": foundation("Every move of the digest is recorded."),
  "contract.documents": foundation("The documents hold together."),
  "contract.errors": foundation("Every error code is documented, mapped and has its class."),
  "contract.freshness": foundation("Generated files are what the schemas give."),
  "contract.generator-types": people(
    "In openapi.yaml integers have their width, date-times no pattern, and open enums are text that lists its values.",
  ),
  "contract.generators": people(
    "docs/clients.md names each generator that `npm run generators` runs with its options; every other one is `not tried` or has its reason.",
  ),
  "contract.hard_cut": foundation("Nothing of the legacy surface is left."),
  "contract.lint": foundation(
    "The tiny contract breaks no rule; a reference into another plane is refused; a folder that is no plane is refused.",
  ),
  "contract.mcp-lowering": foundation("Tools carry schemas that MCP clients take."),
  "contract.open-unions": people(
    "Every open union and enum has a vector with an unknown variant, which both SDKs read and give back as it came.",
  ),
  "contract.reference": foundation("The reference's links and examples are right."),
  "contract.source": foundation(
    "Is plain JSON Schema 2020-12; the meta-schema is itself a schema of the dialect.",
  ),
  "contract.surfaces": foundation(
    "What the running code serves; every surface has the operations that the schemas declare.",
  ),
  "contract.third-party": foundation("Tools of others agree with the running daemon."),
  "contract.third_party": foundation("Redocly takes openapi.yaml; openapi-typescript's types are the SDK's."),
  "contract.validators": foundation("What the build compiles."),
  "contract.version": foundation("What the running code says; the contract is 0.3.0 everywhere."),
  "daemon.bad-config": foundation("A mistake in the config is named with file, line and key."),
  "daemon.discovery": trust(
    "The discovery file names the one daemon of its state folder from the first moment to the last: starting, serving, stopping.",
  ),
  "daemon.doctor": foundation("`parley doctor` names what is wrong and the fix."),
  "daemon.few-files": trust(
    "With few open files the daemon serves fewer connections, each with an answer, or refuses to start in one line.",
  ),
  "daemon.folders": trust("Folders are made private, or the reason why they cannot be made is reported."),
  "daemon.identity": trust(
    "The daemon's process is recognised by its start, so that a later process of the same number is left alone.",
  ),
  "daemon.idle": trust(
    "An idle daemon with two idle hosts sleeps: at most five wake-ups a second, over all its threads.",
  ),
  "daemon.kill9": foundation(
    "kill -9 of the daemon under load loses no receipt, doubles none per key, leaves no gap in a log and reuses no fence.",
  ),
  "daemon.lifecycle": foundation("One daemon of a user starts, says who it is, and stops in order."),
  "daemon.old-node": trust(
    "Started with an old Node, everything states which version is meant and continues with the packaged Node where there is one.",
  ),
  "daemon.logs": trust(
    "`parley logs` prints the end of the log, and with --follow each new line once, over rotations and restarts.",
  ),
  "daemon.other-user": trust(
    "A user with another user's folders, as `su` leaves them, reads in every command what is wrong and what to type.",
  ),
  "daemon.recovery": hardened(
    "Many messages, a full, read-only, failing or damaged disk: typed, nothing acknowledged lost, never replaced by an empty store.",
  ),
  "daemon.restart": trust(
    "`parley restart` replaces the daemon by one with the same config, and keeps it when that config is wrong.",
  ),
  "daemon.second-up": foundation("A second `parley up` says who already runs and changes nothing."),
  "daemon.sigterm": foundation("SIGTERM ends open streams with a reason; receipts given before are kept."),
  "daemon.start-cleanup": hardened("A start that fails half-way closes everything that it opened."),
  "daemon.socket-elsewhere": trust(
    "A socket path that is too long, or whose folder is unusable, is replaced by one in a private folder below the system's temporary folder, also when another user took its name first; the discovery file names it.",
  ),
  "daemon.socket-kept": trust(
    "A socket file that was removed or replaced is created again within seconds, without an end of open connections and without a change to what others put there.",
  ),
  "daemon.stop-waits": trust(
    "`parley stop` returns when the daemon's process is gone, `--no-wait` when the stop has begun; a stop that takes too long is an error that names the process.",
  ),
  "daemon.store-lock": foundation("A second daemon on the same store is refused by name."),
  "daemon.typed-failures": trust(
    "A failure that a user can cause has a typed error, which names what to do: folders, limits, disks, addresses, config.",
  ),
  "daemon.up-failure": foundation("`up --detach` tells why the daemon could not start."),
  "daemon.up-names": trust(
    "`up` names a daemon that runs and cannot be reached, starts no second one, and `stop` ends it.",
  ),
  "daemon.up-race": hardened("Of daemons started at once one runs, and every start names it."),
  "daemon.up-stranger": foundation("Who answers at the configured port is not taken for the daemon."),
  "daemon.up-waits": trust("`up` waits for a daemon that is starting or stopping."),
  "daemon.up-detach": foundation(
    "`parley up --detach` returns when it is ready; `parley stop` leaves nothing behind.",
  ),
  "docs.blocks": foundation("Every code block in the docs runs as written, or says why it does not."),
  "docs.errors": comms("The page on troubles names only errors that the contract has."),
  "docs.explorer": foundation(
    "The API explorer opens without credentials and tries calls as the signed-in page.",
  ),
  "docs.local": people(
    "Every file of the API explorer has the console's security headers and names no host outside this machine.",
  ),
  "docs.states": comms("The guide tells of every delivery state of the contract."),
  "doctor.clock": hardened(
    "The doctor tells a clock that is implausible, was set back, or disagrees with the files.",
  ),
  "doctor.disk": hardened(
    "The doctor tells short space, slow or failing syncs, and file systems that do not keep receipts.",
  ),
  "doctor.docs": hardened(
    "The page on troubles has each finding of the doctor, as it says it, and no other.",
  ),
  "doctor.names": hardened("The doctor tells names that do not lead to this machine."),
  "doctor.notes": people(
    "What asks for nothing here is a note of the doctor, as is a resolver without `*.localhost`.",
  ),
  "doctor.permissions": hardened(
    "The doctor tells folders and files that others can read or own, and a log that nothing rotates.",
  ),
  "doctor.programs": people(
    "The doctor names the program that has the port, and the script of an interpreter, not one of its threads.",
  ),
  "doctor.runtime": hardened(
    "The doctor tells versions and limits that do not suffice, and who has the port.",
  ),
  "doctor.store": hardened(
    "The doctor tells a store that is damaged, newer, gone, half restored or dragging its log.",
  ),
  "endpoints.daemons": comms(
    "Real daemons pair, link, rotate and part by the command line, over kill -9, and say what went wrong.",
  ),
  "endpoints.keys": comms(
    "Keys rotate: paired daemons learn the new one from the old, which works until they have and a day beyond.",
  ),
  "endpoints.link": comms(
    "Paired daemons keep a link that nobody between them can read, change or repeat; it comes back by itself.",
  ),
  "endpoints.link-backoff": comms(
    "A daemon that is away is dialled with growing pauses of at most 30 seconds.",
  ),
  "endpoints.link-dead": comms("A link without a sign of life is given up; an idle one stays."),
  "endpoints.link-once": comms("When both daemons dial at once they keep the same one link."),
  "endpoints.link-strangers": comms(
    "Who does not prove a paired daemon's key, sends bad frames or says nothing is refused, and nothing else suffers.",
  ),
  "endpoints.link-version": comms(
    "A daemon of another contract version is told so, however its frames look.",
  ),
  "endpoints.pair": comms("Two daemons pair by a code; then each has the other's key."),
  "endpoints.pair-code": comms(
    "A pairing code works once, for 5 minutes and few wrong tries, and never crosses the wire.",
  ),
  "endpoints.remove": comms("Ending a pairing ends it on both sides, at once or when the other comes back."),
  "errors.json-text": people(
    "A string in place of an object, an array, a number or a boolean is refused on every surface by the field's name and the words that its text is not taken.",
  ),
  "errors.refused-names": people(
    "A name that is refused, taken or unknown is shown in the error's message, with the rule in words or a name that would do, on every surface and in both SDKs; what may be a secret is not shown.",
  ),
  "faults.clock": hardened("Clock jumps of an hour, sleep and a stopped process let nothing expire wrongly."),
  "faults.clock-self-test": hardened("A daemon that counts by the wrong clock is found out."),
  "faults.hostile-sees": trust(
    "The run with hostile neighbours is red when a client trusts a file, a socket, a folder or a port too much, and when a page trusts what answers at its port.",
  ),
  "faults.kept-seeds": trust("Seeds that once broke the simulation hold."),
  "faults.kill-sees": hardened(
    "The kill run is red after a lost append, a doubled execution, a skipped sequence and a reused fence.",
  ),
  "faults.life-cycle": trust(
    "`stop && up`, `stop && restore`, `stop && backup` and `restart` succeed again and again with a host attached, and lose nothing.",
  ),
  "faults.life-cycle-sees": trust(
    "The loop over stops is red when a stop returns before the daemon has stopped.",
  ),
  "faults.linearizable": comms(
    "Of session names' leases and of reservations, many clients see over kills what one order of their calls explains.",
  ),
  "faults.linearizable-checker": comms(
    "The linearizability checker agrees with trying every order, on good and bad histories.",
  ),
  "faults.linearizable-models": comms(
    "A lease and a reservation, as histories are judged by them, know good from bad.",
  ),
  "faults.linearizable-sees": comms(
    "The linearizability run is red when a fence, a holder or a reader is told twice.",
  ),
  "faults.links": comms(
    "Links are cut at random frames and daemons die: every message and every result comes exactly once.",
  ),
  "faults.links-self-test": comms(
    "The run over cut links is red when something is acknowledged before it is stored, or taken twice, or not asked for again.",
  ),
  "faults.minutes": trust(
    "A fault run by time goes on from seed to seed, prints its cycles, and can be continued.",
  ),
  "faults.outages": trust(
    "Outages of the daemon under 20 busy hosts lose no completed work, double none unreported, and leave one terminal event of each interaction.",
  ),
  "faults.outages-self-test": trust(
    "The outage run is red for a host that takes an outage for a failure, and for lost, doubled or unended work.",
  ),
  "faults.power-loss-sees": hardened(
    "The power-loss run is red when synchronous is lowered, the disk lies, a receipt goes out early or an append is lost.",
  ),
  "faults.recovery-sees": hardened("The recovery run is red when a store was replaced by an empty one."),
  "faults.repeat-in-flight": trust(
    "The simulation and the model-based suites repeat calls while the first try is in flight, and find out a program that issues one twice or refuses it.",
  ),
  "faults.replay": hardened("The seed of a simulated world replays it step by step."),
  "faults.report": hardened("A fault run tells what it saw, what broke and what it left out."),
  "faults.seed": hardened("A fault run's printed seed repeats its choices."),
  "faults.simulation": hardened(
    "Whatever order clock, scheduler, storage and network take, nothing acknowledged is lost, done twice or out of sequence.",
  ),
  "faults.simulation-outages": trust(
    "The simulation stops, kills and restarts daemon and host, and finds out a host that loses or doubles work.",
  ),
  "faults.simulation-self-test": hardened(
    "The simulation finds out a lost append, a doubled execution and a skipped sequence.",
  ),
  "faults.truthful": comms(
    "Peers lists what send reaches and nothing else, whatever becomes of sessions, policies and routes.",
  ),
  "faults.truthful-self-test": comms("A list that is not true is found out."),
  "field.ambiguous-send": comms(
    "A send of uncertain outcome is never told as failed and delivered twice: its repeat with the same key is the same message.",
  ),
  "field.both-wires": comms("WebSocket and server-sent events carry the same stream."),
  "field.conformance": comms("MCP's conformance suite runs against the daemon."),
  "field.consent": comms("Recipients consent before, one sender cannot flood, and loops are slowed."),
  "field.dead-letters": comms("What could not be delivered is listed, and can be tried again or dropped."),
  "field.disconnect": comms("Work survives the asker's disconnect, and its answer waits."),
  "field.discovery": comms("Clients and peers find each other on the machine without a registry."),
  "field.drain-cut": comms(
    "A drain that is cancelled or a host that is replaced loses neither messages nor their order.",
  ),
  "field.durable-stream": comms("Streams are read from a durable log."),
  "field.early-event": comms(
    "Events that come before the answer to a stream's opening are not lost, and the daemon sends none.",
  ),
  "field.error-numbers": comms("Error numbers keep clear of those that others have taken."),
  "field.fan-in": comms("Fan-in to a busy host loses no accepted message."),
  "field.freshness": comms("An envelope that is old, from far ahead or seen before is refused."),
  "field.full-inbox": comms(
    "Who meets a full inbox is told at once; no missed wake keeps a later sender out.",
  ),
  "field.ghosts": comms("Hosts that died are no live peers."),
  "field.identity": comms("Who a name belongs to can be checked before sending."),
  "field.mcp-accepts": comms("Over MCP send returns at acceptance; the end of its response cancels nothing."),
  "field.mixed-versions": comms(
    "Versions of one contract line work together; others are named at the first contact.",
  ),
  "field.name-route": comms(
    "Nobody takes a held name's route silently, and a refusal leaves nothing behind that outlasts the holder.",
  ),
  "field.name-shadow": comms("A display name, a label or a reused name gets nobody else's messages."),
  "field.no-wake": comms("What is no work wakes no host, and a wait can be interrupted."),
  "field.one-tool": comms(
    "The one send tool says per kind what it takes, and tells every mistake by its field.",
  ),
  "field.one-view": comms("Listing and sending ask one resolver: their views cannot disagree."),
  "field.order": comms("One rising sequence per scope orders its events for every reader."),
  "field.push": comms("What comes for an agent is pushed to it as a resource's updates."),
  "field.rearm": comms("A host's death parks no sender for ever, and another host takes up its work."),
  "field.receipt-truth": comms(
    "A receipt says delivered when the command is in the inbox and ingested when the host made it its own, not before.",
  ),
  "field.result-once": comms("The body of a tool's result is in one event."),
  "field.resume": comms("A stream is resumed from the last seen event."),
  "field.safe-retry": comms("The first message can be repeated safely with its key."),
  "field.sdk-reads": comms(
    "SDK types, guards and resources are generated and agree with the daemon's validators: no hidden drift.",
  ),
  "field.signed-bytes": comms(
    "Envelopes are signed as the bytes that are sent; an unknown field breaks no proof.",
  ),
  "field.sleeping-agent": comms("A sleeping agent keeps its address and mailbox, and what comes wakes it."),
  "field.slow-reader": comms(
    "A burst that a reader does not keep up with halts neither the durable log nor other readers.",
  ),
  "field.stateless-mcp": comms("MCP's stateless revision is served beside the one with sessions."),
  "field.tolerant-events": comms("Clients keep events of kinds that they do not know."),
  "field.trace": comms("One trace goes along from the sender's call to the host and into the answer."),
  "field.turn-ids": comms("Every event of a turn carries the id that its emitter minted."),
  "field.unknown-peer": comms("An unknown peer is a typed 404, never a failure of the daemon."),
  "field.viewers": comms("A session has many viewers; streams can be separated by interaction."),
  "field.wedged-peer": comms("A peer that takes nothing holds up nobody else."),
  "faults.streams": comms(
    "Readers racing for a stream with its end, its time and one another see one order, one end state, and every event once.",
  ),
  "faults.streams-sees": comms("The stream run is red when a reader, an event or an end is lost or doubled."),
  "fuzz.sees": hardened(
    "The judge of fuzzed answers is red on failures inside, silence, wrong verdicts, broken responses and disagreement.",
  ),
  "fuzz.typed": hardened(
    "Inputs made from the contract and mutated bring no crash, no internal error, no hang and no growth; REST, RPC and MCP judge them alike.",
  ),
  "host.ephemeral": people(
    "Hosts of the CLI and of both SDKs can be ephemeral: the session is closed at their end, after kill -9 when the lease is over, and stays over an outage of the daemon.",
  ),
  "kernel.admission": hardened(
    "More short calls than a plane has room for are refused typed with a time to wait; bursts are let in whole.",
  ),
  "kernel.authorise": foundation(
    "A session is allowed to its owner; an operation without a scope takes anybody.",
  ),
  "kernel.cancel": foundation("A cancelled call's handler ends by its signal."),
  "kernel.contract-check": foundation("Client works with daemon; client does not work with daemon :."),
  "kernel.deadline": foundation(
    "Whatever is added, removed and waited for: each expires once, in time, unless removed; a handler that takes too long is told and answered for; a call that ends in time leaves no timer.",
  ),
  "kernel.dispatch": foundation("The planes' tables become one by operation id."),
  "kernel.drain": foundation("Draining refuses new calls and waits for those under way."),
  "kernel.errors": foundation(
    "Carries the catalogue's text and flag; details and a whole number of milliseconds go along; one that is known already stays the same.",
  ),
  "kernel.errors-unknown": foundation(
    "Becomes without telling its text; an unknown failure is logged with its request id and not told.",
  ),
  "kernel.ids": foundation(
    "Ids are UUIDv7, unique and ordered, also within a millisecond and when its counter runs over; a child ends as its parent does; secrets have the length asked for and differ.",
  ),
  "kernel.json-bounds": hardened(
    "A JSON text that would hold the parser up is refused or cut before it is parsed.",
  ),
  "kernel.json-depth": foundation("Nesting of 64 levels passes, 65 does not, a million does not crash."),
  "kernel.json-hostile": foundation(
    "Deep nesting decodes without a crash and without pollution; a __proto__ key is refused wherever it lies; half a surrogate pair is no text; what would not arrive as it was sent is refused.",
  ),
  "kernel.json-size": foundation("The error names the limit."),
  "kernel.json-utf8": foundation("Bodies are strict UTF-8; ill-formed ones are refused typed."),
  "kernel.lived-time": hardened("Deadlines count the time that the process lived through, not its sleep."),
  "kernel.refusals": hardened(
    "Refusals that ask to come again are held back when there are many, so that those who do not wait leave time for others.",
  ),
  "kernel.validation-code": foundation("The operation says which code an invalid request has."),
  "kernel.validation-bounded": hardened(
    "No more mistakes are looked for in a request than are told, however many it has.",
  ),
  "kernel.validation-compiled": foundation("Validators that the build compiled are used, and tell the same."),
  "kernel.validation-defaults": foundation("Defaults are filled in before a handler sees the request."),
  "kernel.validation-details": foundation(
    "A text over its limit; a hundred thousand mistakes give a bounded, sorted answer.",
  ),
  "link.ambiguous": comms(
    "A lost acknowledgement makes a delivery ambiguous until the other daemon says what it has; nothing is sent twice or wrongly called expired.",
  ),
  "link.away": comms(
    "While the other daemon is away commands wait durably in the outbox, over restarts of either side.",
  ),
  "link.cancel": comms(
    "Cancelling over a link ends here what never left, there what nobody has yet, and tells who has it.",
  ),
  "link.daemons": comms(
    "Agents on real daemons see each other, ask and answer; what they say survives kill -9 of both daemons.",
  ),
  "link.envelope": comms(
    "An envelope is proven by its signature over the bytes as sent; anything changed is refused.",
  ),
  "link.envelope-fresh": comms("An envelope is stale past its time, and when it is from far ahead."),
  "link.envelope-growth": comms("A field that only a later daemon knows does not break an envelope's proof."),
  "link.envelope-replay": comms("An envelope that was sent before is taken once, also after a restart."),
  "link.expired": comms("What never left the outbox expires in its time and is not delivered after."),
  "link.foreign": comms(
    "A paired daemon cannot speak for another, reach what it was not told of, or do harm by frames that make no sense.",
  ),
  "link.large": comms(
    "Whatever fits an inbox goes over a link and comes back, however many parts or levels it has.",
  ),
  "link.peers": comms(
    "Sessions of paired daemons are peers under their own and their daemon's name, also while that is away.",
  ),
  "link.question": people("A question and its answer cross a link, each once, over kills of either daemon."),
  "link.refused": comms(
    "What the other daemon refuses, holds or has no session for is told as such; the end of a pairing ends what waits.",
  ),
  "link.results": comms(
    "What came of a command is told to its sender's daemon once, over crashes of either side and however late.",
  ),
  "link.send": comms(
    "A command to a peer of another daemon is queued, delivered, answered and ended, in order and once.",
  ),
  "mcp.always": people(
    "`parley mcp` answers what a client asks when it starts whatever is wrong, reports in instructions and results what it is, and serves as soon as it can: daemon down, names taken, predecessor killed, places and credentials unusable.",
  ),
  "mcp.batch": foundation("Batches belong to the one revision that had them."),
  "mcp.bridge-outage": trust(
    "While the daemon is away, what an agent sends through `parley mcp` waits, up to 8 MiB and two minutes, and is delivered in its order, each once.",
  ),
  "mcp.client": foundation("The official client finds exactly two tools, calls both and gets typed errors."),
  "mcp.client.stateless": foundation(
    "The official client of the stateless revision does too; left to choose, it finds the stateless revision.",
  ),
  "mcp.conformance": comms(
    "With the suite's fixture every scenario passes that both newest revisions of MCP require.",
  ),
  "mcp.conformance.production": comms(
    "As it is the daemon fails what is listed with its reason, and nothing else; docs say so.",
  ),
  "mcp.fuzz": foundation("Any message is answered by one well-formed body or taken without one."),
  "mcp.http": foundation("Only POST with JSON is served, and the version header must name a revision."),
  "mcp.inbox": comms("The official client lists, reads and pages its inbox, and nothing of it is marked."),
  "mcp.inbox.closed": comms("The end of a watched session is told to who watches its inbox."),
  "mcp.inbox.errors": comms(
    "An inbox that is not there or not allowed, and a cursor that is none or lies in the future, are told as such.",
  ),
  "mcp.inbox.listen": comms(
    "A listener of the stateless revision hears of what comes in, under its request's id.",
  ),
  "mcp.inbox.revoked": comms("The end of the credentials ends every subscription."),
  "mcp.inbox.slow": comms(
    "A client that takes nothing is owed one notification for each resource, however much comes in.",
  ),
  "mcp.inbox.stateless": comms(
    "The client of the stateless revision reads its inbox and is told how long to keep what.",
  ),
  "mcp.inbox.subscribe": comms("A subscriber hears of what comes in, until it unsubscribes."),
  "mcp.initialize": foundation(
    "A client that asks for is offered; the server says which contract it speaks and how to use it.",
  ),
  "mcp.inspector": foundation("The MCP Inspector lists exactly two tools."),
  "mcp.inspector.inbox": comms("The MCP Inspector lists the inbox and reads it."),
  "mcp.invalid": foundation("Is a protocol error."),
  "mcp.mcp-session": comms(
    "A session of MCP ends by DELETE, is its principal's own, and belongs to the older revisions.",
  ),
  "mcp.mcp-session.limits": comms(
    "Subscriptions and sessions have limits with a typed refusal; sessions that nobody listens to make room.",
  ),
  "mcp.mcp-session.restart": comms(
    "A session of an earlier daemon goes on, and is told of its own inbox at once.",
  ),
  "mcp.mcp-session.streams": comms(
    "What came while no stream was open, or on one that is gone, is told on the next.",
  ),
  "mcp.method": foundation("What the server does not have is not found; pings and lists are answered."),
  "mcp.notification": foundation("Notifications are taken without a word."),
  "mcp.session": foundation("The Parley-Session header says whom the call acts as."),
  "mcp.start": people(
    "`parley mcp --start` starts the daemon when none runs, and each call reports why it does not start.",
  ),
  "mcp.stateless": foundation(
    "Discover, list and call answer without any handshake and name the server each time; what the revision no longer has is 404.",
  ),
  "mcp.stateless.headers": foundation(
    "In the headers is refused; a name may travel encoded; a missing session id and an unknown one are both ignored.",
  ),
  "mcp.stateless.meta": foundation("A request that does not say what it speaks is malformed."),
  "mcp.stdio": foundation("Over the unix socket messages pass that never had headers: the stdio bridge's."),
  "mcp.stdio-bridge": foundation(
    "An agent behind `parley mcp` is the session that it names, sends as it, and survives a daemon restart.",
  ),
  "mcp.stdio-inbox": comms(
    "An agent behind `parley mcp` reads and watches its inbox with the official clients of both eras, also after a kill of the daemon.",
  ),
  "mcp.stdio-remote": comms(
    "A bridge to a daemon that is reached over TCP repeats in headers what its messages say.",
  ),
  "mcp.tool_error": foundation(
    "Arguments that miss or exceed the wrapper are told as such; a failure inside the daemon shows no cause.",
  ),
  "overload.sees": hardened(
    "The overload run is red on requests that are cut, refused untyped or failed inside.",
  ),
  "overload.typed": hardened(
    "Ten times the capacity is refused typed; nothing is lost or silent, and memory is bounded.",
  ),
  "packages.artefacts": people(
    "The packed artefacts of both npm packages, the wheel and the sdist carry the LICENSE and all that they need, and no tests.",
  ),
  "packages.names": people(
    "Docs, recipes, messages and generated text fetch no package `parley`, which belongs to other projects; the packages are parleyd and parley-sdk.",
  ),
  "project.import-directions": foundation(
    "The linter refuses imports against the directions of ARCHITECTURE.md.",
  ),
  "py.host-question": people(
    "`turn.ask` of the Python hosts, sync and async, asks the sender and returns the answer, over outages; it ends with its timeout, a cancel, or the turn.",
  ),
  "py.resume-kill": comms(
    "The Python SDK, synchronous and asynchronous, goes on over kill -9 of the daemon in the middle of a stream, without gap or duplicate.",
  ),
  "py.strict-names": people(
    "The Python SDK converts no value into a boolean, also in types of the contract with a name of their own.",
  ),
  "quality.test-places": trust(
    "A test that would use the folders, the daemon or the default port of the user who runs it fails.",
  ),
  "quality.requirements": foundation(
    "Every promise of a delivered issue is cited by a test, and every cited id is a promise.",
  ),
  "rest.auth": foundation(
    "The unix socket needs none; public operations need none, and stale ones do not harm.",
  ),
  "rest.body-room": hardened("Bodies under way have a common limit, and room comes back with each answer."),
  "rest.cancel": foundation("A client that goes away cancels its call."),
  "rest.connections": foundation(
    "Connections over the limit are told so and closed; the first and the unix socket go on.",
  ),
  "rest.console": foundation(
    "The page is public, and fenced by its headers; is nothing; a folder that is missing is no crash.",
  ),
  "rest.context": foundation("Session, trace and surface reach the handler."),
  "rest.contract": foundation("Another contract is told before anything else of the request."),
  "rest.docs": foundation(
    "The document as committed and an explorer over it are public, with the same security headers as the console.",
  ),
  "rest.errors": foundation(
    "An error costs the connection only when a body is left unread; a handler's error keeps its details; a limit says when to come back.",
  ),
  "rest.head": foundation("HEAD tells what GET would."),
  "rest.host": foundation("Host and Origin come before credentials, on every path and method."),
  "rest.http-errors": foundation("Bytes that are no HTTP get a typed answer; too many headers get 431."),
  "rest.idempotency-key": foundation("The header is the key; another one in the body is a mistake."),
  "rest.listen": foundation("Both listeners lead to one handler that can tell them apart."),
  "rest.metrics": foundation("The configuration may open the metrics, and them alone."),
  "rest.one-target": hardened(
    "A request names one host and one path, or is refused before anything is served.",
  ),
  "rest.other-protocols": people(
    "A request that offers another protocol than WebSocket (Java offers h2c with each) is answered as if it had not.",
  ),
  "rest.path": foundation("Path fields are part of the request, decoded; [rest.method.toLowerCase()]."),
  "rest.port": foundation("A taken port leads to the next one, but only when there is one to try."),
  "rest.query": foundation(
    "Query fields are read by their declared type, unions flattened, without coercion.",
  ),
  "rest.query-errors": foundation("Unknown, repeated and undecodable fields are told together, sorted."),
  "rest.query-types": foundation("Is no whole number and stays text; is no truth value and stays text."),
  "rest.raw": foundation("Each byte route is served, guarded and limited as its declaration says."),
  "rest.schemathesis": foundation("Schemathesis finds no failure on the running daemon."),
  "rest.sign-in": foundation(
    "A page trades its ticket for cookie and page key, once, and signs out with both; everything else is refused.",
  ),
  "rest.size": foundation("A body over the limit is refused, announced or not."),
  "rest.slow-headers": foundation("A client that never finishes its head is cut with 408."),
  "rest.socket-mode": foundation("Socket and folder belong to the user alone, whatever the mask says."),
  "rest.socket-path": foundation("A path too long for the system is refused with its length and the limit."),
  "rest.socket-stale": foundation(
    "What a crash left behind is replaced; a living daemon and foreign files are not.",
  ),
  "rest.sse": foundation("The opening, each event with its sequence, the closing."),
  "rest.sse-backpressure": foundation(
    "A client that does not read stops the reading of the log, and misses nothing.",
  ),
  "rest.sse-cancel": foundation("A client that goes away ends the stream's call and its generator."),
  "rest.sse-errors": foundation(
    "Is an ordinary answer; a failure below is the closing's reason, its cause stays in the log.",
  ),
  "rest.sse-heartbeat": foundation("Silence is filled with comments every ten seconds."),
  "rest.sse-resume": foundation("The request with."),
  "rest.sse-revoke": foundation("Credentials that end close their streams and say so."),
  "rest.status": foundation("The contract's status is used."),
  "rest.stop": foundation("Closing waits for answers under way, then cuts what is left."),
  "rest.stream-json": foundation(
    "A bounded read as one document; a list that broke in the middle does not look whole.",
  ),
  "rest.unary": foundation("An answer carries the contract, the request id and nothing cacheable."),
  "rest.upgrade": foundation("An upgrade elsewhere is refused; a known path gets the socket."),
  "rpc.backpressure": foundation("A client that does not read its answers is not read either."),
  "rpc.batch": foundation(
    "A batch is answered by one array without its notifications; a batch without requests is not answered; an empty or a too long one is one error.",
  ),
  "rpc.call": foundation("A request is answered under its own id, whatever its type."),
  "rpc.cancel": foundation("A cancelled request still answers, with -32800."),
  "rpc.contract": foundation(
    "Another contract is told what to upgrade, however old the frame, and gets nothing else.",
  ),
  "rpc.discover": foundation("Rpc.discover returns the OpenRPC document."),
  "rpc.drop": foundation("A dropped connection cancels its calls, and its end is told."),
  "rpc.error": foundation("A failure carries the code's number and the one error payload."),
  "rpc.frame": foundation(
    "A frame above the limit ends the connection with 1009; ill-formed UTF-8 ends the connection with 1007.",
  ),
  "rpc.fuzz": foundation(
    "Any frame is answered typed or passed over, and the connection still works; bytes that are no WebSocket frames end the connection and nothing else.",
  ),
  "rpc.heartbeat": foundation(
    "A client that answers pings stays; one that falls silent is cut after two; a slow client that takes what waits for it is alive, though it answers no ping.",
  ),
  "rpc.in_flight": foundation("Ids in flight are unique, and there are at most so many."),
  "rpc.initialize": foundation(
    "The connection acts as the session that initialize bound; the upgrade's Parley-Session is the session until then; what a client pipelines behind initialize already acts as the new session.",
  ),
  "rpc.invalid": foundation(
    "Is no request, and the details say why; an id that would come back changed is refused.",
  ),
  "rpc.method": foundation("An unknown method is told by name; unknown."),
  "rpc.notification": foundation("A notification is carried out and never answered."),
  "rpc.order": foundation("Calls reach their handlers in the order of their frames."),
  "rpc.parse": foundation("Bad JSON and binary frames are answered typed, and the connection lives on."),
  "rpc.post": foundation("POST answers one message or a batch, never a stream."),
  "rpc.revoked": foundation("Ended credentials end streams and the connection with 4401."),
  "rpc.safe-methods": people(
    "Only POST runs a call at `/rpc`: GET and every other method are answered with 405 and Allow, and nothing happens.",
  ),
  "rpc.shutdown": foundation(
    "Streams close with shutdown, calls in flight finish, waits end, then 1001; a call that does not finish, and a client that does not close, hold it up only so long.",
  ),
  "rpc.stream.backpressure": foundation(
    "Nothing is pulled ahead of a client that does not read, and nothing is lost.",
  ),
  "rpc.stream.drop": foundation("A dropped connection ends its streams; so does cancelling the opening."),
  "rpc.stream.error": foundation("A stream that fails is closed with the error's code."),
  "rpc.stream.fair": foundation("A long replay lets other calls in between."),
  "rpc.stream.limit": foundation("A connection holds at most so many streams, and a closed one makes room."),
  "rpc.stream.open": foundation("A stream that cannot be opened is an error answer."),
  "rpc.stream.order": foundation("The answer to the opening comes before the first event, the closing last."),
  "rpc.text-frame": hardened("A text frame is byte for byte what RFC 6455 says."),
  "rpc.upgrade": foundation(
    "A refused upgrade is a typed HTTP error; a handshake that is none is refused typed; the handshake tells the contract, and only our subprotocol is taken.",
  ),
  "rpc.upgrade-version": people(
    "An upgrade to a version of WebSocket that is not supported is answered with 426 and the version that is, on every path.",
  ),
  "sdk.browser": foundation("The TypeScript SDK works in Chromium with the console's cookie and page key."),
  "sdk.browser-errors": foundation("In a browser a mistake is the typed error of its code."),
  "sdk.browser-resume": foundation(
    "In a browser a stream goes on after kill -9 of the daemon without gap or duplicate.",
  ),
  "sdk.browser-send": foundation("In a browser the SDK sends, streams and lists peers."),
  "sdk.build": foundation("The bundle."),
  "sdk.calls": foundation(
    "Calls carry credentials, session, headers, timeouts and cancellation, and give raw responses.",
  ),
  "sdk.close-codes": people(
    "The TypeScript SDK's WebSocket fails with 1002 on a close code that RFC 6455 does not allow.",
  ),
  "sdk.discovery": foundation(
    "The client finds the daemon's socket by the discovery file, else in the usual places.",
  ),
  "sdk.errors": foundation("Every code is a class of its own under one base, with details and request id."),
  "sdk.examples": foundation(
    "The examples of both languages run as they are, also over a restart of the daemon.",
  ),
  "sdk.guards": foundation("The SDK's guards agree with the daemon's validators."),
  "sdk.handshake": foundation("Contract versions are compared at the first contact; a mismatch names both."),
  "sdk.host": foundation(
    "A host serves its session in order, renews what it holds, and survives restarts of the daemon.",
  ),
  "sdk.host-abort": trust(
    "A host that ends at once gives back what it works on, and does not wait for a daemon that is away.",
  ),
  "sdk.host-answered": trust(
    "A turn whose interaction was answered by other means learns of it, adds nothing, and leaves the inbox.",
  ),
  "sdk.host-buffer": trust(
    "While the daemon is away a turn keeps 8 MiB of events and pauses above that; nothing is dropped.",
  ),
  "sdk.host-outage": trust(
    "A host keeps working while the daemon is away, attaches again, and reports each event and outcome once and in order.",
  ),
  "sdk.host-question": people(
    "`turn.ask` of the TypeScript host asks the sender and resolves with the answer, over outages; it ends with its timeout, a cancel, or the turn.",
  ),
  "sdk.mcp-exchange": comms(
    "The TypeScript client passes messages of MCP on and reads what comes back as it comes, streams included.",
  ),
  "sdk.host-stop-away": trust("A host without work in flight stops at once, the daemon away or not."),
  "sdk.proxy-away": trust(
    "A gateway error without a payload means that the daemon is away, not that it failed.",
  ),
  "sdk.retries": foundation(
    "Calls are repeated only where their declared idempotency allows it, with one key.",
  ),
  "sdk.send-and-stream": foundation(
    "sendAndStream gives receipt and stream, or says at which stage it failed, with the receipt kept.",
  ),
  "sdk.socket-exchange": hardened(
    "A call on a connection of its own reads every form of reply, and never half of one.",
  ),
  "sdk.sse": foundation("The event stream parser takes any split of the bytes."),
  "sdk.sse-cases": people(
    "Both SDKs read event streams as the WHATWG format says, and alike: one set of cases, cut anywhere.",
  ),
  "sdk.sse-linear": people(
    "The time to read an event stream grows with its bytes alone, whatever its lines and the pieces it comes in.",
  ),
  "sdk.streams": foundation("Streams resume over cuts and restarts without gap or duplicate."),
  "sdk.types": foundation("Signatures."),
  "sdk.unknown-variants": foundation("Unknown variants keep narrowing and go round trip unchanged."),
  "sdk.web-socket": foundation(
    "The WebSocket client masks, joins fragments, answers pings and closes in order.",
  ),
  "seed003.accept-matrix": comms("The same vectors hold on every surface and in both SDKs."),
  "seed003.accept-no-legacy": comms("Zero legacy public surfaces and aliases remain."),
  "seed003.accept-no-scaffolding": comms("No internal scaffolding of the cut-over is in the tree."),
  "seed003.accept-only-three": comms("All surfaces expose only send, stream and peers."),
  "seed003.accept-stream-lifecycle": comms(
    "A stream's life is deterministic by its stream id and its owner.",
  ),
  "seed003.accept-synchronized": comms("Contract and generated SDK artefacts are synchronised on 0.3.0."),
  "seed003.accept-truthful": comms("For every listed peer and kind send does not fail as unresolved."),
  "seed003.gate-contract-version": comms("The contract version equals 0.3.0 everywhere."),
  "seed003.gate-docs": comms("No page, skill, SDK readme or example carries a stale name."),
  "seed003.gate-initialize": comms("RPC's initialize lists no event/push."),
  "seed003.gate-mcp-tools": comms("The MCP tool list is exactly send and peers."),
  "seed003.gate-sdk-exports": comms("SDKs export nothing legacy."),
  "seed003.m0": comms("A gate finds each legacy name wherever it stands, and is red."),
  "seed003.m1": comms(
    "The seed's types, receipts, scopes, errors and signatures are there with its fields and defaults.",
  ),
  "seed003.m10": comms("MCP has exactly the tools send and peers."),
  "seed003.m11": comms(
    "REST has /comms/send, /comms/peers and /comms/stream as server-sent events, and no legacy route.",
  ),
  "seed003.m12": comms("No legacy public surface is left; a gate is red when one comes back."),
  "seed003.m13": comms("Docs, examples and the pages for agents use the names that there are."),
  "seed003.m2": comms("Nothing of the cut-over's internal bridges is left; a gate is red when one is."),
  "seed003.m3": comms("One resolver serves send and peers: what is listed can be sent to."),
  "seed003.m4": comms(
    "The reservation's state machine is deterministic under races of attach, close, terminal and timeout.",
  ),
  "seed003.m5": comms(
    "sendAndStream fails at stage send with nothing accepted, or at stage stream_attach with the receipt kept and the reservation free at once.",
  ),
  "seed003.m6": comms(
    "The in-process TypeScript core sends, streams, lists peers, sends and streams in one, drains, and hands out each stream's sender once.",
  ),
  "seed003.m7": comms(
    "RPC has comms/send, peers, stream_open and stream_close with server-minted stream ids, and no event/push.",
  ),
  "seed003.m8": comms("Contract and generated artefacts are in step."),
  "seed003.m9": comms(
    "Both SDKs have send, stream and send_and_stream, route events by stream id, and nothing legacy.",
  ),
  "sessions.answered-once": foundation(
    "An answered interaction is not offered again when its host vanishes.",
  ),
  "sessions.claim-expiry": foundation(
    "An expired claim returns to the head with one more attempt; emits renew it.",
  ),
  "sessions.claim-restart": foundation("A claim lives on over a restart with a fresh time."),
  "sessions.claim-revived": trust(
    "A claim that has run out counts again when its host is heard, until another claim takes the interaction, another holder takes the name, or the interaction ends.",
  ),
  "sessions.close": foundation("Closing ends what waits and frees the name."),
  "sessions.connection": foundation("A lease lives and dies with the WebSocket that opened it."),
  "sessions.drain": foundation("Interactions are claimed oldest first, each by one host."),
  "sessions.drain-claims": trust("A drain renews the claims that it names before it offers anything."),
  "sessions.drain-large": hardened("A claim has fewer interactions when they are large."),
  "sessions.drain-renews": foundation(
    "A waiting drain keeps the lease alive, and a late holder comes back with its token.",
  ),
  "sessions.drain-repeat": trust(
    "A drain that is repeated with its claim token returns the same batch, also after a restart and while the first is being written.",
  ),
  "sessions.drain-wait": foundation(
    "A drain waits for the first one, for its time, or until its caller is gone.",
  ),
  "sessions.emit": foundation("A batch of events is appended in order and renews the claim."),
  "sessions.emit-errors": foundation("Emitting needs the claim, a known interaction and room."),
  "sessions.emit-idempotency": foundation(
    "A repeated key appends nothing twice, also side by side and after a restart.",
  ),
  "sessions.ephemeral": people(
    "An ephemeral session is closed when its holder leaves: at once when it lets go, else when its lease is over, also over a restart of the daemon; a holder that comes back in time keeps it.",
  ),
  "sessions.expired.restart": foundation("A lease that ran out does not come back with the daemon."),
  "sessions.fence": foundation("The fence rises with each holder and voids what the one before had."),
  "sessions.fence-own": comms("A holder is told its own fence, whoever takes the name a moment later."),
  "sessions.inbound-policy": comms(
    "A session says what it does with each kind of command; it is stored, shown, and changing it is a change of the directory.",
  ),
  "sessions.letters-access": comms(
    "Only who may use a session sees and decides what it holds back and what died in it.",
  ),
  "sessions.list": foundation("Sessions are listed by name with what waits for them."),
  "sessions.local": foundation("The local user may take any offline name."),
  "sessions.one-holder": foundation("Two live sessions cannot share a name; the holder's repeat renews."),
  "sessions.open": foundation("Opening a name makes a session and a lease on it."),
  "sessions.principal": foundation("A name belongs to its principal until it is closed."),
  "sessions.one-inbox": people(
    "The user at the unix socket and at the console is one session, `user-local`; what waits in `user-console` of an earlier store moves there once, at start, and a kill at any write of that loses and doubles nothing.",
  ),
  "sessions.release": foundation("A lease of no time lets go of the name at once and keeps the inbox."),
  "sessions.release.renew": foundation("Who let go can wait for work and take the lease up again."),
  "sessions.replaced": comms("A closed session whose name has another leaves the memory after its time."),
  "sessions.restart": foundation("After a restart the holder's token still works and others wait."),
  "sessions.revived": hardened(
    "A holder that came back after its lease had ended keeps the name over a restart.",
  ),
  "sessions.settle-dead": foundation("A dead outcome fails the interaction with its reason."),
  "sessions.settle-done": foundation("A done outcome completes with result and usage; repeating it is safe."),
  "sessions.settle-errors": foundation("Settling needs the claim that is in force."),
  "sessions.settle-once": hardened(
    "Repeats of a settlement that overtake each other settle once and take nothing from the next host.",
  ),
  "sessions.settle-retry": foundation(
    "A retried interaction is offered again, not before its time, also over a restart.",
  ),
  "start.signals": trust(
    "`npm start` ends with its daemon, in order, when npm or any process between npm and the daemon is ended, kill -9 included.",
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
  "storage.backup": hardened(
    "A backup is the store at one moment, whole or not there, taken while the store serves.",
  ),
  "storage.cas-rev-rises": foundation(
    "Each committed change has a rev above all before, also after tombstones.",
  ),
  "storage.closed": foundation("Close finishes what was accepted; later calls reject with `closed`."),
  "storage.corrupt": foundation("A damaged or foreign file is refused with advice and never replaced."),
  "storage.defer": hardened(
    "What nobody waits for is committed with what somebody waits for, else by itself after a moment.",
  ),
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
  "storage.fold": hardened(
    "Recent appends move to their logs with nothing lost, doubled or reordered, also when that fails.",
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
  "storage.log-damage": hardened(
    "A write-ahead log that is damaged before synced commits keeps the store from opening; a torn end does not.",
  ),
  "storage.migration": hardened("A database of an earlier schema opens with everything in it."),
  "storage.model": foundation(
    "Every engine answers random command sequences as a plain in-memory model does.",
  ),
  "storage.modes": foundation("Files are 0600 and the folder is 0700."),
  "storage.power-loss": hardened(
    "Power loss at any write or sync loses nothing acknowledged, and the store opens again.",
  ),
  "storage.read-bounded": foundation("Reads of large entries are complete though taken in bounded steps."),
  "storage.read-yields": foundation("A long read lets the event loop turn between steps."),
  "storage.restore": hardened(
    "A restore puts a checked backup in place, keeps what was there, and changes nothing when it is refused.",
  ),
  "storage.restore-crash": hardened("A restore that a crash cut off leaves the old store or the new one."),
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
  "surfaces.pump": hardened(
    "Events that are ready together leave together, and a full socket is brought none.",
  ),
  "surfaces.stalled-reader": hardened(
    "A connection that takes nothing of what waits for it is cut after half a minute; a slow reader stays.",
  ),
  "telemetry.log-disk-full": hardened(
    "A log that cannot be written ends nothing, tears no line, and says what was lost.",
  ),
  "telemetry.logs": foundation("One JSON object per line, from the level on; people get text."),
  "telemetry.loop-delay": trust(
    "How long the event loop was blocked is measured while requests and frames arrive; an idle daemon arms no timer for it.",
  ),
  "telemetry.metrics": foundation(
    "Calls are counted by code and timed by operation; names, help and types are what Prometheus' linter wants.",
  ),
  "telemetry.rotation": hardened(
    "A log that is renamed and reopened under load keeps every line, once and whole.",
  ),
  "telemetry.secrets": foundation("Secrets do not reach a line, wherever they lie."),
  "telemetry.trace": foundation(
    "A header is read and written; is no context and no error; a child stays in its trace; a root begins one.",
  ),
  "tests.power-cuts": trust(
    "The test script installs what power cuts need where it may, and prints one line where it may not.",
  ),
  "texts.presence": people(
    "A session is online or offline for people: the command line, the console and the descriptions of the contract use no other word.",
  ),
  "trust.advice": trust(
    "Each message about a daemon that cannot be reached names what to type, and what it names can work there.",
  ),
  "trust.clients-no-config": trust("Clients read no config file, wherever one lies."),
  "trust.config-owner": trust(
    "A config file that belongs to another user, or that other users can write to, is refused by name with what to type.",
  ),
  "trust.config-search": trust(
    "The config file is the one that --config names, else the user's, else /etc/parley/parley.toml, else /etc/labman/labman.toml; a file of the working directory is reported by `parley up` and not read.",
  ),
  "trust.first-frame": trust(
    "Until its first frame has proven the page key, a page's WebSocket costs at most 5 s and 4 KiB, counts as a connection and is dispatched nothing.",
  ),
  "trust.foreign-port": trust(
    "When another user has the daemon's port, every command and `doctor` state this and what to type.",
  ),
  "trust.hostile-neighbours": trust(
    "With another user listening on every port and socket path that a client could try, no byte of a body or a credential reaches that user.",
  ),
  "trust.no-unix-sockets": trust(
    "On a platform without unix sockets a client without an explicit address fails with an error that asks for one.",
  ),
  "trust.origin-only": trust(
    "With an explicit address, body and token go to that origin only: no redirect is followed, over HTTP or WebSocket.",
  ),
  "trust.page-key": trust(
    "The console's cookie, which browsers send to every server of 127.0.0.1, proves nothing without the page key and an Origin of the daemon.",
  ),
  "trust.page-port": trust(
    "A browser's session counts on the daemon's port of its sign-in, and ends when the daemon starts on another.",
  ),
  "trust.page-proof": trust(
    "A page sends its key and its calls only to a server that has proven to be the daemon of its sign-in, also when another program has taken the port.",
  ),
  "trust.principals": trust(
    "Principals are compared by kind and name: a token acts as no session of the user's and reads none of the user's inboxes, interactions or streams, whatever its name is.",
  ),
  "trust.socket-folder": trust(
    "The socket's folder belongs to the user, and no other user can write to it or replace a folder above it.",
  ),
  "trust.socket-only": trust(
    "Without an explicit address, a client sends only to a unix socket that its owner, mode and folder prove to be this user's; a token goes there too.",
  ),
  "trust.start-wait": trust(
    "While the user's own daemon starts or restarts, clients wait for its socket within their time limit, 30 s at most.",
  ),
  "trust.token-names": trust(
    "`local` and `console` are refused as names of tokens with a typed error; the doctor lists tokens of these names that an earlier version made.",
  ),
  "ts.resume-kill": comms(
    "The TypeScript SDK goes on over kill -9 of the daemon in the middle of a stream, without gap or duplicate.",
  ),
  "upgrade.clients": hardened(
    "A client of another contract line is named `contract_mismatch` with both versions on every surface, SDK and command; one of the same line works.",
  ),
  "upgrade.daemon": hardened(
    "A daemon that was killed goes on as a newer one with everything; put back it refuses to start and says why.",
  ),
  "upgrade.downgrade": hardened(
    "A store of a newer version is refused, told what to do, and not touched to the byte.",
  ),
  "upgrade.self-test": hardened(
    "The upgrade run is red when a migration loses a row, a check of versions is gone, or a step is no transaction.",
  ),
  "upgrade.stores": hardened(
    "A store of every earlier schema opens with everything in it, also after kill -9 at any statement of its migration.",
  ),
  "vectors.cli": foundation("Every vector holds on the command line, exit codes included."),
  "vectors.comms": comms("There are at least 300 vectors of comms and sessions, no two of one name."),
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
