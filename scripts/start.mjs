// `npm start`: everything a fresh machine needs, then the daemon in the foreground.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { ensureInstalled, projectEnv, projectNode, root, run } from "./setup.mjs";

ensureInstalled();
const node = projectNode();
const built = await run(node, [join(root, "scripts/build.mjs"), "--if-stale"]);
if (built !== 0) process.exit(built);

const daemon = spawn(node, [join(root, "dist/cli.cjs"), "up", "--welcome", ...process.argv.slice(2)], {
  cwd: process.cwd(),
  stdio: "inherit",
  env: projectEnv(),
});
// The terminal sends Ctrl-C to the whole group; a service manager signals only this process.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => daemon.kill(signal));
daemon.on("exit", (code) => process.exit(code ?? 1));
