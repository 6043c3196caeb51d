// Calls the daemon through the TypeScript SDK, one call after the other.
// Usage: sdk-ts-child.ts <port> <token> <lease token> <count>
import { Parley } from "../../sdks/typescript/src/index.js";

const [port, token, leaseToken, count] = process.argv.slice(2) as [string, string, string, string];
const client = new Parley({ baseUrl: `http://127.0.0.1:${port}`, token });
const call = (): Promise<unknown> => client.sessions.drain({ name: "idle", lease_token: leaseToken, max: 1 });

for (let done = 0; done < 300; done += 1) await call();
const before = process.cpuUsage();
const started = performance.now();
for (let done = 0; done < Number(count); done += 1) await call();
const used = process.cpuUsage(before);
process.send!({
  micros: ((performance.now() - started) * 1000) / Number(count),
  cpuMicros: (used.user + used.system) / Number(count),
});
await client[Symbol.asyncDispose]();
process.disconnect();
