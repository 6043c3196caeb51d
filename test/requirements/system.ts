import { comms, foundation, hardened, people, type Requirements, trust } from "./requirement.js";

/** The daemon as a process: start, stop, discovery, configuration, logs, metrics, doctor. */
export const system: Requirements = {
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
  "daemon.logs": trust(
    "`parley logs` prints the end of the log, and with --follow each new line once, over rotations and restarts.",
  ),
  "daemon.old-node": trust(
    "Started with an old Node, everything states which version is meant and continues with the packaged Node where there is one.",
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
  "daemon.socket-elsewhere": trust(
    "A socket path that is too long, or whose folder is unusable, is replaced by one in a private folder below the system's temporary folder, also when another user took its name first; the discovery file names it.",
  ),
  "daemon.socket-kept": trust(
    "A socket file that was removed or replaced is created again within seconds, without an end of open connections and without a change to what others put there.",
  ),
  "daemon.start-cleanup": hardened("A start that fails half-way closes everything that it opened."),
  "daemon.stop-waits": trust(
    "`parley stop` returns when the daemon's process is gone, `--no-wait` when the stop has begun; a stop that takes too long is an error that names the process.",
  ),
  "daemon.store-lock": foundation("A second daemon on the same store is refused by name."),
  "daemon.typed-failures": trust(
    "A failure that a user can cause has a typed error, which names what to do: folders, limits, disks, addresses, config.",
  ),
  "daemon.up-detach": foundation(
    "`parley up --detach` returns when it is ready; `parley stop` leaves nothing behind.",
  ),
  "daemon.up-failure": foundation("`up --detach` tells why the daemon could not start."),
  "daemon.up-names": trust(
    "`up` names a daemon that runs and cannot be reached, starts no second one, and `stop` ends it.",
  ),
  "daemon.up-race": hardened("Of daemons started at once one runs, and every start names it."),
  "daemon.up-stranger": foundation("Who answers at the configured port is not taken for the daemon."),
  "daemon.up-waits": trust("`up` waits for a daemon that is starting or stopping."),
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
  "field.discovery": comms("Clients and peers find each other on the machine without a registry."),
  "start.signals": trust(
    "`npm start` ends with its daemon, in order, when npm or any process between npm and the daemon is ended, kill -9 included.",
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
};
