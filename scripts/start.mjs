// `npm start`: everything a fresh machine needs, then the daemon in the foreground.
import { join } from "node:path";
import { passSignalsOn } from "./pass-signals-on.mjs";
import { ensureInstalled, projectEnv, projectNode, root, run } from "./setup.mjs";

ensureInstalled();
const started = passSignalsOn();
const node = projectNode();
const built = await run(node, [join(root, "scripts/build.mjs"), "--if-stale"], {}, started);
if (built !== 0) process.exit(built);

// Over the channel the command notices that this process is gone, whatever ended it, and ends the daemon.
const stdio = ["inherit", "inherit", "inherit", "ipc"];
const command = [join(root, "dist/cli.cjs"), "up", "--welcome", ...process.argv.slice(2)];
process.exit(await run(node, command, { cwd: process.cwd(), env: projectEnv(), stdio }, started));
