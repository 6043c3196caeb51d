import { startDaemon } from "../support/daemon.js";
import { clients, type GeneratedClient } from "./clients.js";
import { faultsIn } from "./faults-in.js";
import { laterValue, startNewerDaemon } from "./newer-daemon.js";

const usage = `npm run generators [go] [java]
Generates clients from openapi.yaml with public generators, compiles them, and calls a daemon of its own with them.
`;

const chosen = process.argv.slice(2).map((name) => name.toLowerCase());
const known = clients.map(({ language }) => language.toLowerCase());
const unknown = chosen.filter((name) => !known.includes(name));

if (unknown.length > 0) {
  process.stderr.write(
    `${usage}There is no client for ${unknown.join(", ")}; there are ${known.join(", ")}.\n`,
  );
  process.exitCode = 2;
} else {
  await using daemon = await startDaemon();
  const newer = await startNewerDaemon(daemon.address);
  for (const client of clients) {
    if (chosen.length > 0 && !chosen.includes(client.language.toLowerCase())) continue;
    process.stdout.write(
      `${client.language} (${client.generator}): ${await outcome(client, daemon, newer.address)}\n`,
    );
  }
  newer.close();
}

async function outcome(
  client: GeneratedClient,
  daemon: { address: string; token: string },
  newer: string,
): Promise<string> {
  if (client.missing.length > 0) return `SKIPPED, not installed here: ${client.missing.join(", ")}`;
  try {
    const prefix = client.language.toLowerCase();
    const started = performance.now();
    const call = await client.build();
    const built = Math.round((performance.now() - started) / 1000);
    const faults = [
      ...faultsIn(await call(daemon.address, prefix, daemon.token), ["live", "delivered", "online|idle"]),
      ...faultsIn(await call(newer, `${prefix}-newer`, daemon.token), [laterValue, laterValue, laterValue]),
    ];
    if (faults.length > 0) throw new Error(faults.join("\n"));
    return `ok: compiled in ${built} s; sessions.open, send and peers work, also on answers of a later contract`;
  } catch (error) {
    process.exitCode = 1;
    return `FAILED\n${(error as Error).message}`;
  }
}
