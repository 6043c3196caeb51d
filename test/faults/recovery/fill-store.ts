import { DatabaseSync } from "node:sqlite";
import { seqBits } from "../../../src/storage/sqlite/schema.js";

interface Template {
  session: string;
  sessionId: string;
  accepted: string;
  started: string;
  interactionId: string;
  envelopeId: string;
}

/**
 * Multiplies the one message to `bob` that a daemon has accepted: into `inboxes` sessions called s0, s1, ... with
 * `messages` in all, each with the entry in its inbox and its first event, as the daemon writes them.
 */
export function fillStore(path: string, inboxes: number, messages: number): void {
  const database = new DatabaseSync(path);
  try {
    database.exec("PRAGMA synchronous = OFF; BEGIN");
    const from = template(database);
    const addLog = database.prepare("INSERT INTO log (name, last_seq) VALUES (?, ?) RETURNING log");
    const addEntry = database.prepare(
      `INSERT INTO entry (pos, log, id, subject, body) VALUES ((?1 << ${seqBits}) | ?2, ?1, ?3, ?4, ?5)`,
    );
    const addSession = database.prepare(
      `INSERT INTO slot (bucket, key, rev, value, changed_at)
       SELECT bucket, ?1, (SELECT rev FROM counter) + 1, ?2, changed_at FROM slot WHERE key = 'bob'`,
    );
    let made = 0;
    for (let inbox = 0; inbox < inboxes; inbox++) {
      const own = Math.round(((inbox + 1) * messages) / inboxes) - made;
      const sessionId = uuid(from.sessionId, inbox, 0xa);
      addSession.run(`s${inbox}`, from.session.replaceAll(from.sessionId, sessionId));
      database.exec("UPDATE counter SET rev = rev + 1");
      const [inboxLog, eventsLog] = ["inbox", "events"].map(
        (kind) => (addLog.get(`${kind}/${sessionId}`, own) as { log: number }).log,
      ) as [number, number];
      for (let seq = 1; seq <= own; seq++, made++) {
        const interactionId = childUuid(from.interactionId, made, sessionId);
        const envelopeId = uuid(from.envelopeId, made, 0xc);
        const accepted = from.accepted
          .replaceAll(from.interactionId, interactionId)
          .replaceAll(from.envelopeId, envelopeId);
        addEntry.run(inboxLog, seq, bytes(uuid(from.envelopeId, made, 0xd)), interactionId, accepted);
        const started = from.started
          .replaceAll(from.interactionId, interactionId)
          .replace('"sequence":1', `"sequence":${seq}`);
        addEntry.run(eventsLog, seq, bytes(uuid(from.envelopeId, made, 0xe)), interactionId, started);
      }
    }
    database.exec("COMMIT");
  } finally {
    database.close();
  }
}

function template(database: DatabaseSync): Template {
  const [accepted, started] = database.prepare("SELECT subject, body FROM recent ORDER BY n").all() as {
    subject: string;
    body: string;
  }[];
  const { value } = database.prepare("SELECT value FROM slot WHERE key = 'bob'").get() as { value: string };
  return {
    session: value,
    sessionId: JSON.parse(value).session_id,
    accepted: accepted!.body,
    started: started!.body,
    interactionId: accepted!.subject,
    envelopeId: JSON.parse(accepted!.body).envelope_id,
  };
}

/** Another id of the same time: the number in its last 44 bits, the kind before. */
function uuid(like: string, n: number, kind: number): string {
  return `${like.slice(0, 19)}8${kind.toString(16).padStart(3, "0")}-0000${n.toString(16).padStart(8, "0")}`;
}

/** An interaction's id ends as its session's does: the number in the 28 bits before that. */
function childUuid(like: string, n: number, sessionId: string): string {
  const hex = n.toString(16).padStart(7, "0");
  return `${like.slice(0, 19)}8${hex.slice(0, 3)}-${hex.slice(3)}${sessionId.slice(-8)}`;
}

function bytes(id: string): Uint8Array {
  return Buffer.from(id.replaceAll("-", ""), "hex");
}
