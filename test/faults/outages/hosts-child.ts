import { appendFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { createClient } from "../../../sdks/typescript/src/index.js";
import { pieceOf, workOf } from "./work.js";

/** Serves some sessions with the TypeScript SDK until its parent disconnects; notes what it begins and completes. */
const [ledger, names, concurrency, baseUrl, token] = process.argv.slice(2) as [
  string,
  string,
  string,
  string?,
  string?,
];

const client = createClient(baseUrl === undefined || token === undefined ? {} : { baseUrl, token });
const hosts = names.split(",").map((name) =>
  client.host(name, {
    ttl: 15_000,
    concurrency: Number(concurrency),
    onError: (error, { interaction_id }) => console.error(interaction_id, error),
  }),
);
process.once("disconnect", () => {
  for (const host of hosts) void host.abort();
});

await Promise.all(
  hosts.map((host) =>
    host.serve(async (interaction, turn) => {
      const { interaction_id: id, attempt } = interaction;
      const work = workOf((interaction as unknown as { params: { body: string } }).params.body);
      const note = (what: string): void => appendFileSync(ledger, `${what} ${id} ${attempt} ${turn.id}\n`);
      note("start");
      for (let number = 1; number <= work.pieces; number += 1) {
        await pause(work.pauseMs, undefined, { signal: turn.signal });
        await turn.text(pieceOf(number, work));
      }
      note("done");
      return work.pieces;
    }),
  ),
);
await client.close();
