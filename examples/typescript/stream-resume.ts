// Follows a session's log and remembers its place: start it again and it goes on where it was.
//   node examples/typescript/stream-resume.ts <session> <file for the place> [how many events]
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createClient } from "parley-sdk";

const [name, place, count = "Infinity"] = process.argv.slice(2);
if (name === undefined || place === undefined) throw new Error("say which session, and a file for the place");
await using client = createClient();
const { session } = await client.sessions.get({ name });

const afterSequence = existsSync(place) ? Number(readFileSync(place, "utf8")) : 0;
const stream = client.stream({ kind: "session", session_id: session.session_id }, { afterSequence });
let left = Number(count);
// Drops of the connection and restarts of the daemon are no business of this loop.
for await (const { sequence, event } of stream) {
  console.log(sequence, event.kind);
  if (sequence !== undefined) writeFileSync(place, String(sequence));
  if (--left <= 0) break;
}
