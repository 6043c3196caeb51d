import { realpathSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };

const root = fileURLToPath(new URL("../..", import.meta.url));

test("[cli.npx] `npx --no-install parley` in the checkout finds this checkout's command first, whatever npx remembers", () => {
  expect(realpathSync(join(root, "node_modules/.bin/parley"))).toBe(
    realpathSync(join(root, manifest.bin.parley)),
  );
});
