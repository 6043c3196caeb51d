import { comms, foundation, hardened, people, type Requirements, trust } from "./requirement.js";

/** The command line. */
export const cli: Requirements = {
  "cli.agent-echo": foundation("`parley agent echo` streams what it was sent and completes with it."),
  "cli.agent-exec": foundation(
    "`parley agent exec` runs a process for each interaction; its exit code is the outcome.",
  ),
  "cli.agent-exec-cancel": comms(
    "A command that has become void, or ran for too long, ends with everything that it has started.",
  ),
  "cli.agent-exec-context": comms(
    "A command of `parley agent exec` finds who asks, what and how in its environment.",
  ),
  "cli.agent-exec-failure": comms(
    "A command's failure carries its exit code and the end of its stderr; 75 is worth another try; one that does not exist is refused at the start.",
  ),
  "cli.agent-exec-large": comms(
    "Output of any size reaches the events whole, characters uncut; a result too long for one says so.",
  ),
  "cli.agent-model": foundation(
    "`parley agent model` streams a completion of an OpenAI-compatible server, and fails with its reason.",
  ),
  "cli.agent-model-busy": people(
    "A question that the model server refuses with 429, or with 503 and `Retry-After`, is given back and asked again when the server wants it, within bounds.",
  ),
  "cli.agent-model-cancel": comms(
    "A turn that has become void ends the request to the model server; its interaction goes back to the inbox.",
  ),
  "cli.agent-model-errors": comms(
    "A model server that refuses, breaks off, falls silent or filters gives a typed failure with its own words and without the key.",
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
  "cli.help-globals": people("The help of every command has the options of all commands, `--as` among them."),
  "cli.inbound-policy": comms("An agent says on its command line what it holds and what it refuses."),
  "cli.inbox": people(
    "`parley inbox` shows the text of what waits, for people, scripts and pipes; `--watch` follows it over restarts of the daemon.",
  ),
  "cli.inbox-done": people(
    "`parley inbox done ID` ends what was read, whichever session of the caller holds it; for a request it prints the commands that answer it.",
  ),
  "cli.inbox-notice": people(
    "On a terminal `peers` and `send` print one line when something waits for their caller; pipes and `--json` have no such line.",
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
  "cli.recipients": people(
    "`parley send ann,bob` and repeated `--to` send to each of several recipients: each outcome is printed, with --json one a line, one that fails keeps no other from its own, and the exit code is that of the first failure.",
  ),
  "cli.reply": foundation("A person can hold a session and answer an interaction by hand."),
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
};
