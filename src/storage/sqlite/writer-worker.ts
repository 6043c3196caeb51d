import type { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import { BatchWriter } from "./batch-writer.js";
import { checkSqliteVersion, lockDatabase, openDatabase } from "./database-file.js";
import { ioFaults } from "./io-fault.js";
import type { BatchMessage, WireError, WriterReply, WriterStart } from "./protocol.js";
import { resultCode, resultCodeOf, toBackendError } from "./sqlite-error.js";

/** Pages in the write-ahead log from which on it is copied back into the database. */
const checkpointPages = 2_000;

/*
 * The writer's thread: the only connection that writes. A batch is answered after its commit; folding and copying back
 * come after the answer.
 */
const port = parentPort!;
const { path, faults, maxPages, foldRows } = workerData as WriterStart;
const step = ioFaults(faults);
let stopped = false;

const send = (reply: WriterReply): void => port.postMessage(reply);

function wire(error: unknown): WireError {
  const { code, message } = toBackendError(error, path);
  return { code, message };
}

function start(): { lock: DatabaseSync; database: DatabaseSync; writer: BatchWriter } | undefined {
  let lock: DatabaseSync | undefined;
  try {
    checkSqliteVersion(process.versions.sqlite!);
    lock = lockDatabase(path);
    const database = openDatabase(path);
    if (maxPages !== undefined) database.exec(`PRAGMA max_page_count = ${maxPages}`);
    return { lock, database, writer: new BatchWriter(database, step, foldRows) };
  } catch (error) {
    lock?.close();
    send({ type: "refused", error: wire(error) });
    return undefined;
  }
}

/** Whether a failed statement makes the rest unsafe: otherwise undoing the transaction is enough. */
function endsTrust(error: unknown, database: DatabaseSync): boolean {
  const primary = resultCodeOf(error) & 0xff;
  return primary === resultCode.corrupt || primary === resultCode.notadb || database.isTransaction;
}

function run(writer: BatchWriter, database: DatabaseSync, batch: BatchMessage): void {
  let results: number[];
  try {
    results = writer.stage(batch);
  } catch (error) {
    stopped = endsTrust(error, database);
    send({ type: "failed", error: wire(error), uncertain: false, fatal: stopped });
    return;
  }
  try {
    writer.commit();
  } catch (error) {
    // A full disk fails before the commit mark is whole, so the outcome is known; after a failed sync it is not.
    let definite = [resultCode.full, resultCode.readonly, resultCode.busy].includes(
      (resultCodeOf(error) & 0xff) as 13,
    );
    try {
      writer.rollback();
    } catch {
      definite = false;
    }
    stopped = !definite;
    send({ type: "failed", error: wire(error), uncertain: stopped, fatal: stopped });
    return;
  }
  send({ type: "done", results });
}

/** Work between batches that nothing waits for: without space it is left to the next time. */
function maintain(work: () => void): void {
  if (stopped) return;
  try {
    work();
  } catch (error) {
    const primary = resultCodeOf(error) & 0xff;
    if (primary === resultCode.full || primary === resultCode.busy || primary === resultCode.readonly) return;
    // A failed sync must not be retried.
    stopped = true;
    send({ type: "fatal", error: wire(error) });
  }
}

const opened = start();
if (opened) {
  const { lock, database, writer } = opened;
  // NOOP only tells the sizes: log pages in all, and those already copied back.
  const walSize = database.prepare("PRAGMA wal_checkpoint(NOOP)");
  const uncopied = (): number => {
    const { log, checkpointed } = walSize.get() as { log: number; checkpointed: number };
    return log - checkpointed;
  };
  port.on("message", (batch: BatchMessage) => {
    if (batch.length === 0) {
      database.close();
      lock.close();
      port.close();
      return;
    }
    if (stopped) {
      // Was on its way when the writer stopped: certainly not written.
      const error: WireError = { code: "io", message: `${path}: the writer has stopped.` };
      send({ type: "failed", error, uncertain: false, fatal: true });
      return;
    }
    run(writer, database, batch);
    maintain(() => {
      if (writer.foldWhenDue()) send({ type: "folded" });
    });
    maintain(() => {
      if (uncopied() < checkpointPages) return;
      step("checkpoint");
      database.exec("PRAGMA wal_checkpoint(PASSIVE)");
    });
  });
  send({ type: "ready" });
}
