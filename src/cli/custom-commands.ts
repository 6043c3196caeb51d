import { Argument, type Command, Option } from "commander";
import { contractFlag, group } from "./contract-commands.js";
import { addHostOptions } from "./host-options.js";

/**
 * Commands whose arguments or output the contract cannot describe, by their first word. Each body is loaded when it is
 * called, so that no command pays for another.
 */
export const customCommands: Readonly<Record<string, (program: Command) => void>> = {
  up: (program) =>
    program
      .command("up")
      .description("Start the daemon in this terminal; says who runs when one already does")
      .option("--detach", "return when it is ready and leave it running")
      .option("--config <path>", "config file to use instead of those found")
      .addOption(new Option("--welcome", "print first things to try").hideHelp())
      .action(async (options, command) => (await import("./local/up.js")).up(options, command)),
  stop: (program) =>
    program
      .command("stop")
      .description("Stop the daemon: finish what runs, then end; returns when it has stopped")
      .option("--no-wait", "return when the stop has begun")
      .option("--timeout <duration>", "how long to wait for its end", "2m")
      .addHelpText(
        "after",
        "\nExample:\n  parley stop && parley restore parley-monday.db && parley up --detach",
      )
      .action(async (options, command) => (await import("./local/stop.js")).stop(options, command)),
  restart: (program) =>
    program
      .command("restart")
      .description("Stop the daemon and start it detached, with the config file that it had")
      .option("--config <path>", "config file to use instead")
      .action(async (options, command) => (await import("./local/restart.js")).restart(options, command)),
  status: (program) =>
    program
      .command("status")
      .description(
        "Show daemon, sessions, links and problems on one page; with --json the daemon's own answer",
      )
      .action(async (_options, command) => (await import("./local/status/status.js")).status(command)),
  logs: (program) =>
    program
      .command("logs")
      .description("Print the end of the daemon's log; with --json the lines as they are written")
      .option("-f, --follow", "print what is added, until Ctrl-C")
      .option("-n, --lines <n>", "how many lines to begin with", "50")
      .option("--config <path>", "config file whose `[log] file` is meant when no daemon runs")
      .addHelpText(
        "after",
        '\nExamples:\n  parley logs -f\n  parley logs -n 1000 --json | grep \'"level":"error"\'',
      )
      .action(async (options, command) => (await import("./local/logs.js")).logs(options, command)),
  doctor: (program) =>
    program
      .command("doctor")
      .description(
        "Check daemon, store, disk, clock, ports and name resolution; say what is wrong and the fix",
      )
      .option("--config <path>", "config file to use instead of those found")
      .action(async (options, command) =>
        (await import("./local/doctor/doctor.js")).doctor(options, command),
      ),
  backup: (program) =>
    program
      .command("backup")
      .description("Copy the store to one file, while the daemon serves or without one")
      .argument("<file>", "the file to write; it appears whole or not at all")
      .option("--force", "replace the file when it is there")
      .option("--config <path>", "config file to use instead of those found")
      .addHelpText(
        "after",
        "\nExamples:\n  parley backup parley-monday.db\n  parley backup --force /mnt/backup/parley.db",
      )
      .action(async (file, options, command) =>
        (await import("./local/backup.js")).backup(file, options, command),
      ),
  restore: (program) =>
    program
      .command("restore")
      .description(
        "Put a backup in the store's place, with the daemon stopped; what was there is kept beside it",
      )
      .argument("<file>", "a file that `parley backup` wrote")
      .option("--config <path>", "config file to use instead of those found")
      .addHelpText(
        "after",
        "\nExample:\n  parley stop && parley restore parley-monday.db && parley up --detach",
      )
      .action(async (file, options, command) =>
        (await import("./local/restore.js")).restore(file, options, command),
      ),
  send: (program) =>
    program
      .command("send")
      .description(
        "Send a message, a request (--stream or --intent), input to a session (--input) or a reply (--reply)",
      )
      .argument("[to]", "the peer, or several: ann,bob; left out with --to and --input")
      .argument("[body]", "the text; `-` or nothing reads stdin")
      .addOption(
        new Option("--to <peer>", "a recipient; may be repeated, and each gets its own receipt").argParser(
          (value: string, previous: string[] | undefined) => [...(previous ?? []), value],
        ),
      )
      .option("--stream", "reserve the interaction's stream and print its events until the end")
      .option("--intent <intent>", "send a request with this intent (default with --stream: ask)")
      .option("--params <json>", "the request's params instead of {body}")
      .option("--input <session>", "send the body as input to this session")
      .addOption(contractFlag("send", "--source"))
      .option("--cancel <interaction>", "ask the peer to end this interaction")
      .option("--reply <interaction>", "answer this interaction; the body is the result (JSON or text)")
      .addOption(
        new Option("--status <status>", "status of the reply")
          .choices(["accepted", "completed", "failed"])
          .default("completed"),
      )
      .option("--idempotency-key <key>", "the same key gives the first receipt again")
      .option(
        "--ttl <duration>",
        "how long it may wait for its host (default 24h); 0 sends only while it is online",
      )
      .option("--steer", "offer it before what is queued")
      .option("--timeout <duration>", "stop waiting after this long, with exit code 124; the work goes on")
      .option("--expect-peer <id>", "send only while the name has this peer_id, from `parley peers --json`")
      .addHelpText(
        "after",
        '\nExamples:\n  parley send planner "good morning"\n  parley send echo "hi" --stream\n  parley send planner,reviewer "the build is green"\n  cat report.md | parley send reviewer --intent review\n  parley --as planner send reviewer "done"      (from one of your own sessions)\n  parley send --input planner "what next?" --stream\n  parley send --input planner "what next?" --source rpc',
      )
      .action(async (to, body, options, command) =>
        (await import("./commands/send.js")).send(to, body, options, command),
      ),
  inbox: (program) => addInboxCommands(program.command("inbox")),
  answer: (program) =>
    program
      .command("answer")
      .description("Answer a question that the host of an interaction of yours asks")
      .argument("<interaction>", "its id, as on the line below the question")
      .argument("[text]", "the answer; `-` or nothing reads stdin")
      .option("--request <id>", "the question, when several are open")
      .addHelpText(
        "after",
        '\nExamples:\n  parley answer 0199f3a0-4c52-7c01-b200-1a2b0c4d5e6f "the blue one"\n  cat plan.md | parley answer 0199f3a0-4c52-7c01-b200-1a2b0c4d5e6f',
      )
      .action(async (id, text, options, command) =>
        (await import("./commands/answer.js")).answer(id, text, options, command),
      ),
  ask: (program) =>
    program
      .command("ask")
      .description("Inside a command of `parley agent exec`: ask the sender and print the answer")
      .argument("[text]", "the question; `-` or nothing reads stdin")
      .option("--timeout <duration>", "stop waiting after this long, with exit code 124")
      .addHelpText(
        "after",
        '\nExample:\n  colour=$(parley ask "red or blue?")   (in a script that agent exec runs)',
      )
      .action(async (text, options, command) =>
        (await import("./commands/ask.js")).ask(text, options, command),
      ),
  reply: (program) =>
    program
      .command("reply")
      .description("Answer an interaction; inside `parley agent exec` the one that the command works on")
      .argument("[interaction]", "its id; left out inside a command")
      .argument("[text]", "the result, JSON or text; `-` or nothing reads stdin")
      .addOption(
        new Option("--status <status>", "`accepted` is progress, the others end the interaction")
          .choices(["accepted", "completed", "failed"])
          .default("completed"),
      )
      .addHelpText(
        "after",
        '\nExamples:\n  parley reply --status accepted "half way"      (in a script that agent exec runs)\n  parley reply "all tests pass"                  (there too)\n  parley reply 0199f3a0-4c52-7c01-b200-1a2b0c4d5e6f "yes, go on"\n  parley reply 0199f3a0-4c52-7c01-b200-1a2b0c4d5e6f --status failed "not today"',
      )
      .action(async (first, second, options, command) =>
        (await import("./commands/reply.js")).reply(first, second, options, command),
      ),
  stream: (program) =>
    program
      .command("stream")
      .description("Print the events of a session, or of one interaction with --interaction")
      .argument("[session]", "the session's name")
      .option("--interaction <id>", "read this interaction instead")
      .option("--after <sequence>", "start after this position (0 is the beginning)")
      .option("--no-follow", "print what is there and end")
      .option("--timeout <duration>", "stop reading after this long, with exit code 124")
      .action(async (session, options, command) =>
        (await import("./commands/stream.js")).stream(session, options, command),
      ),
  session: (program) =>
    group(program, "session")
      .command("prune")
      .description("Close sessions that are offline, have nothing waiting and were not used for long")
      .option("--older-than <duration>", "how long ago each was used last", "7d")
      .option("--dry-run", "print what would be closed, and close nothing")
      .addHelpText(
        "after",
        "\nSessions of people and tokens (user-...) stay, and so do those with held commands or dead letters.\n\nExamples:\n  parley session prune --dry-run\n  parley session prune --older-than 1h",
      )
      .action(async (options, command) =>
        (await import("./commands/session-prune.js")).sessionPrune(options, command),
      ),
  endpoint: (program) =>
    group(program, "endpoint")
      .command("pair")
      .description(
        "Pair with another daemon: without an address it offers a code, with one it accepts the code",
      )
      .argument("[url]", "where the daemon that offered the code listens")
      .option("--code <code>", "the code that the other daemon printed")
      .option("--name <name>", "what to call the other daemon here")
      .addHelpText(
        "after",
        "\nExamples:\n  parley endpoint pair                                            (on the one machine)\n  parley endpoint pair http://192.168.1.10:7433 --code 7KQ2-M9XP  (on the other)",
      )
      .action(async (url, options, command) =>
        (await import("./commands/endpoint-pair.js")).endpointPair(url, options, command),
      ),
  console: (program) =>
    program
      .command("console")
      .description("Print a one-time address that signs a browser in to the console")
      .action(async (_options, command) => (await import("./commands/console.js")).printConsole(command)),
  call: (program) =>
    program
      .command("call")
      .description(
        "Call any operation by its id with a JSON request, for example: parley call comms.peers '{}'",
      )
      .argument("<operation>", "the operation's id")
      .argument("[request]", "JSON; `-` or nothing reads stdin")
      .action(async (operation, request, _options, command) =>
        (await import("./commands/call.js")).call(operation, request, command),
      ),
  mcp: (program) =>
    addHostOptions(program.command("mcp"))
      .description("Serve MCP on stdio for an agent: tools `send` and `peers`, acting as the session --name")
      .requiredOption("--name <session>", "the session that the agent is")
      .option("--description <text>", "one line on what the agent does")
      .option("--start", "start the daemon when none runs")
      .action(async (options, command) => (await import("./commands/mcp.js")).mcp(options, command)),
  completion: (program) =>
    program
      .command("completion")
      .description("Print the script that completes commands, flags and names at Tab")
      .addArgument(new Argument("<shell>").choices(["bash", "zsh", "fish"]))
      .addHelpText(
        "after",
        "\nSet it up:\n  bash  source <(parley completion bash)   in ~/.bashrc\n  zsh   source <(parley completion zsh)    in ~/.zshrc, behind compinit\n  fish  parley completion fish > ~/.config/fish/completions/parley.fish",
      )
      .action(async (shell) => (await import("./commands/completion.js")).completion(shell)),
  agent: (program) =>
    addAgentCommands(group(program, "agent").description("Run a host that serves a session")),
};

function addInboxCommands(inbox: Command): void {
  inbox
    .description("Show what waits for a session, with its text, without claiming it")
    .argument("[session]", "the session (default: the one that you act as)")
    .option("--watch", "then print what comes in, until Ctrl-C")
    .option("--cursor <place>", "only what came in after this place, from --json")
    .option("--limit <n>", "only one page of so many")
    .option("--interaction <id>", "only this interaction, also when it is held or has ended")
    .option("--wait <duration>", "when nothing is there, wait so long for the first one")
    .addHelpText(
      "after",
      `
Examples:
  parley inbox                 what others sent you, and the answers to your requests
  parley inbox --watch         the same, and what comes in from now on
  parley inbox planner --json  what waits for the session planner`,
    )
    .action(async (session, options, command) =>
      (await import("./commands/inbox.js")).inbox(session, options, command),
    );
  inbox
    .command("done")
    .description("Take messages and answers that you have read off the inbox; a request needs an answer")
    .argument("[interaction...]", "the ids that `parley inbox` prints")
    .addHelpText("after", "\nExample:\n  parley inbox done 0199f3a0-4c52-7c01-b200-1a2b0c4d5e6f")
    .action(async (ids, _options, command) =>
      (await import("./commands/inbox-done.js")).inboxDone(ids, command),
    );
}

const concurrencyText = "interactions at once";

function addAgentCommands(agent: Command): void {
  addHostOptions(agent.command("echo"))
    .description("Answer with what was sent")
    .option("--name <session>", "the session to serve", "echo")
    .addHelpText("after", '\nExample:\n  parley agent echo --name echo &\n  parley send echo "hi" --stream')
    .action(async (options, command) => (await import("./agents/echo.js")).echo(options, command));
  addHostOptions(agent.command("exec"))
    .description(
      "Run a command for each interaction: body on stdin, stdout as text events, exit code as outcome",
    )
    .requiredOption("--name <session>", "the session to serve")
    .option("--concurrency <n>", concurrencyText, "1")
    .option("--timeout <duration>", "end the command and fail the interaction after this long")
    .option("--kill-children", "end every process that the command leaves running")
    .argument("<command...>", "the command, after --")
    .addHelpText(
      "after",
      `
The command finds INTERACTION_ID, INTERACTION_FROM (who asks), INTERACTION_TO (the session above), INTERACTION_KIND,
INTERACTION_INTENT, INTERACTION_ATTEMPT and TRACEPARENT in its environment. Exit code 0 completes the interaction
with what was printed, 75 fails it as worth another try, any other fails it with the end of stderr. The exit is
what counts: output of processes that the command leaves is not waited for. \`parley reply\` answers from inside, \`parley ask\` asks the sender.
Ctrl-C ends the command and gives the interaction back; SIGTERM lets the command finish.

Examples:
  parley agent exec --name count -- wc -w
  parley agent exec --name reviewer --timeout 30m -- claude -p
  parley agent exec --name coder -- codex exec --sandbox workspace-write -`,
    )
    .action(async (words, options, command) =>
      (await import("./agents/exec.js")).exec(words, options, command),
    );
  addHostOptions(agent.command("model"))
    .description("Answer with a model behind any OpenAI-compatible API; each sender has a conversation")
    .requiredOption("--name <session>", "the session to serve")
    .requiredOption("--model <model>", "the model's name there")
    .option("--model-url <url>", "the API's base address", "http://127.0.0.1:11434/v1")
    .option("--api-key-file <path>", "file with the API key")
    .option("--system <text>", "system prompt")
    .option("--max-turns <n>", "questions and answers that a conversation remembers; 0 remembers none", "20")
    .option("--timeout <duration>", "give up when the server says nothing for so long", "5m")
    .option("--concurrency <n>", `${concurrencyText}; those of one conversation follow each other`, "1")
    .addHelpText(
      "after",
      `
A request's params may carry conversation (a second thread with the same sender), tools (passed to the model) and
tool_results ([{tool_call_id, content}]: answers to the tool_calls of the result before).

Examples:
  parley agent model --name brain --model llama3.2
  parley agent model --name brain --model gpt-5 --model-url https://api.openai.com/v1 --api-key-file key.txt
  parley send brain "What is 6 by 7?" --stream
  parley send brain --stream --params '{"body": "And by 8?", "conversation": "sums"}'`,
    )
    .action(async (options, command) => (await import("./agents/model.js")).model(options, command));
}
