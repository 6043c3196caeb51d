/** What can be wrong: why it matters and what to type. docs/troubleshooting.md shows exactly this. */
export interface Trouble {
  /** A note asks for nothing here: it is worth knowing when something else fails. */
  state: "note" | "warning" | "problem";
  why: string;
  /** May hold `<path>`, `<pid>` and the like, which a finding fills in. */
  fix: string;
}

const problem = (why: string, fix: string): Trouble => ({ state: "problem", why, fix });
const note = (why: string, fix: string): Trouble => ({ state: "note", why, fix });
const warning = (why: string, fix: string): Trouble => ({ state: "warning", why, fix });

export const catalogue = {
  "daemon-down": problem(
    "No daemon answers on this user's socket: nothing can be sent or read.",
    "`parley up --detach`; why one ended is in `<path>`",
  ),
  "daemon-starting": warning(
    "The daemon's process runs and its socket does not answer yet: commands wait for it, for 30 s at most.",
    "`parley doctor` again in a few seconds; what it waits for is in `<path>`",
  ),
  "daemon-silent": problem(
    "The daemon's process is there and does not answer: it is busy, stopped by a debugger, or hangs.",
    "`parley stop`; when that hangs `kill -9 <pid>`, which loses no receipt, then `parley up --detach`",
  ),
  "daemon-stopping": warning(
    "The daemon finishes what runs, and then ends; `parley up` waits for that.",
    "`parley up --detach`; when the stop hangs `kill -9 <pid>`, which loses no receipt",
  ),
  "daemon-refuses": problem(
    "The daemon refuses this command, for example because it is of another version.",
    "`kill <pid>`, which stops it as `parley stop` does, then `parley up --detach`",
  ),
  "daemon-other-version": warning(
    "The daemon runs since before an upgrade, which takes effect when it is started again.",
    "`parley restart`",
  ),
  "place-refused": problem(
    "Another user may have put this path in place of the daemon's: clients do not use it, so that nothing reaches that user.",
    "`<command>`",
  ),
  "discovery-stale": warning(
    "The discovery file names a process that is gone, after a crash or a power loss.",
    "`parley up --detach`, which writes the file anew",
  ),
  "socket-elsewhere": warning(
    "The socket lies in a private folder because its own place is unusable: clients find it by the discovery file only.",
    "set `[server] socket` to a short path in a folder that only you can write to, then `parley restart`",
  ),
  "config-mistake": problem(
    "The daemon does not start with a mistake in its config; unknown keys are refused so that typing errors show.",
    "correct the line that is named",
  ),
  "node-old": problem(
    "The daemon needs Node 24.15 or newer.",
    "install Node 24 from https://nodejs.org, or use the Node that `npm start` brings in the checkout",
  ),
  "sqlite-old": problem(
    "SQLite before 3.51.3 can damage its write-ahead log; the daemon refuses to work with it.",
    "install the newest Node 24 from https://nodejs.org, or use the one that `npm start` brings in the checkout",
  ),
  "files-few": warning(
    "Each connection takes a file descriptor: the limit is lower than `[limits] connections` needs.",
    "`ulimit -n 65536` before the start, or `LimitNOFILE=` of the service",
  ),
  "store-memory": warning(
    "The store is in memory: everything is gone when the daemon ends.",
    'remove `engine = "memory"` from `[store]`',
  ),
  "store-missing": problem(
    "The store's file is gone but its write-ahead log is there; the daemon does not start, so that nothing is covered up.",
    "`parley restore <backup>`, or put the file back beside `<path>-wal`",
  ),
  "store-damaged": problem(
    "The store's file is damaged or not Parley's. The daemon never replaces it by an empty one.",
    "`parley stop`, then `parley restore <backup>`; without a backup move `<path>` and its `-wal` away to start empty",
  ),
  "store-log-damaged": problem(
    "The write-ahead log is damaged in what was synced: receipts lie behind the damage, so the daemon does not start.",
    "`parley restore <backup>`; or keep what lies before the damage: `parley backup saved.db`, then `parley restore saved.db`",
  ),
  "store-newer": problem(
    "A newer Parley has written the store; this one cannot read it and leaves it alone.",
    "start the newer Parley, or `parley restore` a backup made before",
  ),
  "store-unreadable": problem(
    "The store's file cannot be opened.",
    "look at owner, mode and disk: `ls -la <path>`",
  ),
  "store-restoring": warning(
    "A restore was cut off after its point of no return; the next start finishes it.",
    "`parley up --detach`",
  ),
  "store-log-large": warning(
    "The write-ahead log could not be copied back: a reader held on for long, or space was short. Starts take longer.",
    "`parley stop`, then `parley up --detach`",
  ),
  "sync-fails": problem(
    "The data folder takes no synced write: no receipt can be given.",
    "look at disk, owner and mode: `df -h <path>`, `ls -ld <path>`",
  ),
  "sync-slow": warning(
    "Each receipt waits for a sync of the disk, and these take long.",
    "put the store on another disk: `[store] path`",
  ),
  "store-volatile": warning(
    "The data folder lies in memory: receipts do not outlive a restart of the machine.",
    "put the store on a disk: `[store] path`",
  ),
  "store-network": warning(
    "The data folder lies on a network file system, whose locks and syncs SQLite cannot rely on.",
    "put the store on a local disk: `[store] path`",
  ),
  "disk-full": problem(
    "Less than 256 MiB are free: soon every write answers `storage_unavailable`. The daemon recovers without a restart.",
    "free space where `<path>` lies",
  ),
  "disk-low": warning("Less than 1 GiB is free where the store grows.", "free space where `<path>` lies"),
  "inodes-low": warning(
    "The file system can hold few more files: the store and its log may not be made.",
    "remove small files where `<path>` lies; `df -i <path>` counts them",
  ),
  "folder-unwritable": problem(
    "A folder that the daemon writes to cannot be written: a read-only file system, or another owner.",
    "`ls -ld <path>`, then correct the owner or the mount",
  ),
  "path-unusable": problem(
    "A file or folder that Parley uses is closed to this user: often another user's, whose variables `su` kept.",
    "what the message names; `su -` starts with variables of your own",
  ),
  "folder-open": warning("Other users of this machine can look into the folder.", "`chmod 700 <path>`"),
  "file-open": warning("Other users of this machine can read the file.", "`chmod 600 <path>`"),
  "owner-wrong": problem(
    "The file belongs to another user, often after a start with sudo: the daemon cannot use it.",
    '`sudo chown "$(id -u):$(id -g)" <path>`',
  ),
  "log-large": warning(
    "The log has grown beyond 100 MiB; nothing rotates it.",
    "`mv <path> <path>.1 && kill -USR2 <pid>`, or logrotate as in operations.md",
  ),
  "clock-implausible": problem(
    "The machine's time is before this program was made: ids and expiries depend on it.",
    "`sudo timedatectl set-ntp true`, or `date -s`",
  ),
  "clock-stepped": warning(
    "The clock was set back while the daemon ran. Nothing expires too early, but times in events are not in order.",
    "`sudo timedatectl set-ntp true`, so that it is corrected smoothly",
  ),
  "clock-behind": warning(
    "Files of the daemon are from the future: the clock was ahead before, or is behind now.",
    "`timedatectl` shows the time and whether it is kept in step",
  ),
  "clock-disk": warning(
    "The file system stamps files with another time than this machine's: it is a network disk or a virtual machine's.",
    "put state and data on a local disk, or correct the host's clock",
  ),
  "token-name-reserved": warning(
    "An earlier version made a token named like the user or the console. It acts as a session of its own, `user-token-...`; new tokens of such names are refused.",
    "`parley token create <name> --scope ...` for the program that uses it, then `parley token revoke <id>`",
  ),
  "port-foreign": warning(
    "Another user has the configured port, for example for a daemon of their own. Your daemon takes the next free one, and clients find it by its socket.",
    "`parley up --detach`",
  ),
  "port-taken": warning(
    "Another program of yours has the configured port; the daemon takes the next free one, and clients find it by its socket.",
    "end that program, or set `[server] port`",
  ),
  "localhost-wrong": problem(
    "`localhost` is not this machine's loopback: programs that use the name do not reach the daemon.",
    "correct `localhost` in `/etc/hosts`: `127.0.0.1 localhost`",
  ),
  "localhost-no-v4": warning(
    "`localhost` has no IPv4 address, and the daemon listens on 127.0.0.1.",
    'add `127.0.0.1 localhost` to `/etc/hosts`, or set `[server] host = "::1"`',
  ),
  "localhost-names": note(
    "This system's resolver does not know `*.localhost`. Browsers and both SDKs resolve these names themselves.",
    "nothing; in a program that fails with such a name use `127.0.0.1`, or `curl --resolve`",
  ),
  "hostname-unknown": warning(
    "The machine's own name does not resolve; some programs wait long at their start.",
    "add `127.0.1.1 <name>` to `/etc/hosts`",
  ),
  "check-failed": problem(
    "The check itself could not be carried out.",
    "look at the message; when it makes no sense, report it",
  ),
} as const satisfies Record<string, Trouble>;

export type TroubleId = keyof typeof catalogue;
