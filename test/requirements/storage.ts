import { foundation, hardened, type Requirements } from "./requirement.js";

/** The storage port, its engine, backups and upgrades of stores. */
export const storage: Requirements = {
  "backup.kill9": hardened("kill -9 while a backup is written leaves nothing under its name."),
  "backup.mistakes": hardened("What cannot be backed up or restored says what to do."),
  "backup.round-trip": hardened(
    "A backup taken under load restores everything acknowledged before it, with tokens and sequences.",
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
  "storage.page-damage": hardened(
    "A store with a damaged page is refused, or its buckets are whole; meeting the damage leaves the files as they were.",
  ),
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
};
