// Prints a stream's events, one JSON line each: <tcp|unix> <interaction|session> <host> <interactions until the end>.
// The first line of stdin is the daemon's address and a token, for tcp.
import { once } from "node:events";
import { createInterface } from "node:readline";
import { createClient } from "parley-sdk";

const [wire, scope, host, until] = process.argv.slice(2) as [string, string, string, string];
const [line] = (await once(createInterface({ input: process.stdin }), "line")) as [string];
const [baseUrl, token] = line.split(" ") as [string, string];
await using client = createClient(wire === "tcp" ? { baseUrl, token } : {});

async function open() {
  if (scope === "interaction") {
    const command = { kind: "peer_request", to: host, intent: "count", params: null } as const;
    return (await client.sendAndStream(command)).stream;
  }
  const { session } = await client.sessions.get({ name: host });
  return client.stream({ kind: "session", session_id: session.session_id }, { afterSequence: 0 });
}

let left = Number(until);
for await (const { sequence, interaction_id, event } of await open()) {
  const said = event.kind === "text_delta" ? event.delta : event.kind;
  console.log(JSON.stringify([sequence, interaction_id, said]));
  if (event.kind === "interaction_complete" && --left === 0) break;
}
process.stdin.destroy();
