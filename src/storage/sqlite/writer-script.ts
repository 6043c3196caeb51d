import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The writer thread's script: the bundle beside the built daemon, else the source with the loader that runs it. */
export function writerScript(): { url: URL; execArgv: string[] } {
  const bundle = new URL("./sqlite-writer.js", import.meta.url);
  if (existsSync(fileURLToPath(bundle))) return { url: bundle, execArgv: [] };
  const loader = new URL("../../../scripts/ts.mjs", import.meta.url);
  return { url: new URL("./writer-worker.ts", import.meta.url), execArgv: ["--import", loader.href] };
}
