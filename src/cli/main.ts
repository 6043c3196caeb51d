import { splitJsonInput } from "./arguments.js";
import { callContract } from "./contract-call.js";
import { readDirectCall } from "./direct-call.js";
import { run } from "./run.js";

const argv = splitJsonInput(process.argv);
const direct = readDirectCall(argv.slice(2));
if (direct === undefined) {
  const { runProgram } = await import("./program.js");
  await runProgram(argv);
} else await run(() => callContract(direct.spec, direct.args, direct.flags, { json: direct.json }));
