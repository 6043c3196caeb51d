import { requireText, splitJsonInput } from "./arguments.js";
import { callContract } from "./contract-call.js";
import { readDirectCall } from "./direct-call.js";
import { run } from "./run.js";

const argv = splitJsonInput(process.argv);
const direct = readDirectCall(argv.slice(2));
if (direct === undefined) void import("./program.js").then(({ runProgram }) => runProgram(argv));
else
  void run(() => {
    requireText(process.argv);
    return callContract(direct.spec, direct.args, direct.flags, { json: direct.json });
  });
