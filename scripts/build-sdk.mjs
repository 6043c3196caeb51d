// Builds the TypeScript SDK into sdks/typescript/dist: bundled code and the declarations beside it.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { root, run } from "./setup.mjs";

const folder = join(root, "sdks/typescript");

/** Builds both entries and the guards; throws when the declarations do not type-check. */
export async function buildSdk() {
  rmSync(join(folder, "dist"), { recursive: true, force: true });
  const common = {
    bundle: true,
    format: "esm",
    target: "es2022",
    outdir: join(folder, "dist"),
    absWorkingDir: folder,
    logLevel: "warning",
  };
  const [code] = await Promise.all([
    run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", folder]),
    // Split, so that the WebSocket code is loaded only by those who connect one.
    build({
      ...common,
      platform: "node",
      // An old Node must read as far as the check of its version.
      target: "node14.18",
      splitting: true,
      chunkNames: "[name]-[hash]",
      entryPoints: { index: "src/index.ts", guards: "src/generated/guards.ts" },
    }),
    build({ ...common, platform: "browser", entryPoints: { browser: "src/browser.ts" } }),
  ]);
  if (code !== 0) throw new Error("the SDK's declarations do not type-check; see the messages above");
}

if (process.argv[1] === import.meta.filename) await buildSdk();
