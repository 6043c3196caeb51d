// Prints the hash of every output: `node --import scripts/ts.mjs _output-hashes.ts <seed> [drift]`.
// With `drift` it adds outputs that depend on where and when it runs: what the determinism test must notice.
import { fileURLToPath } from "node:url";
import { sha256 } from "../../codegen/canonical.js";
import { generate } from "../../codegen/main.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const [seed = "0", drift] = process.argv.slice(2);

/** A shuffle that the seed decides. */
function shuffled(paths: string[]): string[] {
  const key = (path: string): string => sha256(seed + path);
  return seed === "0" ? paths : paths.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}

const hashes: Record<string, string> = {};
for (const { path, text } of generate(root, { order: shuffled })) hashes[path] = sha256(text);
if (drift !== undefined) {
  let order: string[] = [];
  generate(root, {
    order: (paths) => {
      order = shuffled(paths);
      return order;
    },
  });
  hashes.order = sha256(order.join());
  hashes.cwd = sha256(process.cwd());
  hashes.zone = sha256(new Date(0).toString());
  hashes.locale = sha256((1234.5).toLocaleString());
}
process.stdout.write(JSON.stringify(hashes));
