// The floor of a typed client in Node: one request after the other with undici's Pool.
// Usage: undici-client.ts <port> <token> <path> <body> <count>
import { Pool } from "undici";

const [port, token, path, body, count] = process.argv.slice(2) as [string, string, string, string, string];
const pool = new Pool(`http://127.0.0.1:${port}`, { connections: 1 });
const value: unknown = JSON.parse(body);

async function call(): Promise<void> {
  const { statusCode, body: answer } = await pool.request({
    method: "POST",
    path,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(value),
  });
  await answer.json();
  if (statusCode >= 300) throw new Error(`status ${statusCode}`);
}

for (let done = 0; done < 300; done += 1) await call();
const before = process.cpuUsage();
const started = performance.now();
for (let done = 0; done < Number(count); done += 1) await call();
const used = process.cpuUsage(before);
process.send!({
  micros: ((performance.now() - started) * 1000) / Number(count),
  cpuMicros: (used.user + used.system) / Number(count),
});
await pool.close();
process.disconnect();
