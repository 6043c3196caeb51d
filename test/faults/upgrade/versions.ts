import { localCall, startDaemon, type TestDaemon } from "../../support/daemon.js";
import {
  type Callee,
  commandLine,
  findPython,
  type Outcomes,
  pythonClient,
  typescriptClient,
} from "./clients.js";
import { contractTree, type Program, programAt, root } from "./contract-tree.js";
import { wires } from "./wires.js";

export interface Versions {
  /** Calls between versions that do not fit, each refused by name. */
  refused: number;
  /** Calls between versions that fit, or of callers that name none. */
  worked: number;
  broken: string[];
  skipped: string[];
}

/**
 * Programs of today's contract, of the next line and of a later patch call each other's daemons on every wire. In the
 * brief form the patch only calls.
 */
export async function versions(next: Program, brief = false): Promise<Versions> {
  const today = programAt(root);
  const [major, minor] = today.contract.split(".");
  using patch = await contractTree(`${major}.${minor}.9`, { built: !brief });
  const result: Versions = { refused: 0, worked: 0, broken: [], skipped: [] };
  await callDaemon(result, today, [next, patch]);
  await callDaemon(result, next, [today]);
  if (!brief) await callDaemon(result, patch, [today]);
  if (findPython() === undefined)
    result.skipped.push("the Python SDK: its environment is not there, `npm test` makes it");
  return result;
}

/** Starts a program's daemon, and calls it with every client of other programs and with none. */
export async function callDaemon(result: Versions, program: Program, callers: Program[]): Promise<void> {
  await using daemon = await startDaemon({ root: program.root });
  const callee = await calleeAt(daemon);
  judge(result, `${program.contract} called without a version`, await wires(callee), works);
  const python = findPython();
  for (const caller of callers) {
    const expected = lineOf(caller) === lineOf(program) ? works : names(caller, program);
    const check = (who: string, outcomes: Outcomes): void =>
      judge(result, `${program.contract} called by ${caller.contract}, ${who}`, outcomes, expected);
    check("no client", await wires(callee, caller));
    check("TypeScript SDK", await typescriptClient(caller, callee));
    if (python !== undefined) check("Python SDK", await pythonClient(caller, callee, python));
    if (caller.built) check("command line", await commandLine(caller, daemon));
  }
}

async function calleeAt(daemon: TestDaemon): Promise<Callee> {
  const request = { name: "bob", ttl_ms: 600_000 };
  const { body } = await localCall(daemon.socketPath, "POST", "/sessions", request);
  const { session } = body as { session: { name: string; session_id: string } };
  const { socketPath, address, token } = daemon;
  return { socketPath, address, token, name: session.name, sessionId: session.session_id };
}

/** Before 1.0 a minor version is a line of its own. */
function lineOf({ contract }: Program): string {
  return contract.split(".").slice(0, 2).join(".");
}

type Expected = (outcome: string, call: string) => "worked" | "refused" | undefined;

/** A new operation is unknown to the older daemon, and that is said too. */
const works: Expected = (outcome, call) => {
  if (call.startsWith("new operation")) return outcome.startsWith("route_not_found:") ? "refused" : undefined;
  if (call === "a frame too old to be read")
    return outcome.startsWith("invalid_rpc:") ? "refused" : undefined;
  return outcome === "works" ? "worked" : undefined;
};

/** Both versions, and which side is to be upgraded. */
function names(caller: Program, daemon: Program): Expected {
  const older = caller.contract < daemon.contract ? "(the client|this SDK)" : "the daemon";
  const message = new RegExp(
    `contract ${caller.contract}, the daemon ${daemon.contract}; upgrade ${older}\\.`,
  );
  return (outcome) =>
    outcome.includes("contract_mismatch") && message.test(outcome) ? "refused" : undefined;
}

function judge(result: Versions, who: string, outcomes: Outcomes, expected: Expected): void {
  for (const [call, outcome] of Object.entries(outcomes)) {
    const verdict = expected(outcome, call);
    if (verdict === undefined) result.broken.push(`${who}, ${call}: ${outcome}`);
    else result[verdict] += 1;
  }
}
