// A program of the user under test on the TypeScript SDK: makes every kind of call and prints what each came to.
import { createClient, type Parley, ParleyError } from "../../../sdks/typescript/src/index.js";
import type { ClientPlan } from "./calls.js";

const { marker, token, addresses } = JSON.parse(process.argv[2]!) as ClientPlan;
const session_id = "0199f3a0-4c3e-7a10-8f11-6a1d2c3b4e5f";

const calls: Record<string, (client: Parley) => PromiseLike<unknown>> = {
  send: (client) => client.send({ kind: "peer_message", to: "reviewer", body: marker }),
  status: (client) => client.system.status(),
  "send with headers": (client) =>
    client.send({ kind: "peer_message", to: "reviewer", body: marker }, { headers: { "x-a": marker } }),
  stream: (client) => client.stream({ kind: "session", session_id }, { reconnectTimeout: 0 }).opened,
  "open session": (client) => client.sessions.open({ name: "of-a-client", description: marker }),
  mcp: (client) => client.exchangeMcp(`{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"${marker}"}}`),
};

for (const [place, options] of Object.entries({
  "without an address": {},
  "with a token alone": { token },
  ...Object.fromEntries(addresses.map((baseUrl) => [`at ${baseUrl}`, { baseUrl, token }])),
}))
  for (const [name, call] of Object.entries(calls)) {
    const client = createClient({ ...options, retries: 0, timeout: 15_000 });
    const outcome = await call(client).then(
      () => "ok",
      (error: unknown) => (error instanceof ParleyError ? error.code : String(error)),
    );
    await client.close();
    process.stdout.write(`${JSON.stringify({ name: `${name} ${place}`, outcome })}\n`);
  }
