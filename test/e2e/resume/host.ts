// A host that says numbers, one event each, as far as its stdin allows: "go 50" lets every answer reach 50.
import { createInterface } from "node:readline";
import { createClient } from "parley-sdk";

const [name, count] = process.argv.slice(2) as [string, string];
await using client = createClient();
const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());
let allowed = 0;
let waiting: (() => void)[] = [];
createInterface({ input: process.stdin }).on("line", (line) => {
  allowed = Number(line.replace("go ", ""));
  for (const wake of waiting.splice(0)) wake();
});

const host = client.host(name, { concurrency: 64, onError: (error) => console.error(error) });
await host.open();
await host.serve(
  async (_, turn) => {
    for (let number = 0; number < Number(count); number += 1) {
      while (number >= allowed) await new Promise<void>((resolve) => waiting.push(resolve));
      await turn.text(`${number};`);
    }
    return Number(count);
  },
  { signal: stop.signal },
);
waiting = [];
