import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startDaemon, type TestDaemon } from "../support/daemon.js";
import { hasForm, type SurfaceName } from "./forms.js";
import type { Outcome, Surface } from "./surface.js";
import { cliSurface } from "./surfaces/cli.js";
import { mcpSurface } from "./surfaces/mcp.js";
import { pythonSurface } from "./surfaces/python.js";
import { restSurface } from "./surfaces/rest.js";
import { rpcSurface } from "./surfaces/rpc.js";
import { typescriptSurface } from "./surfaces/typescript.js";
import { difference, loadVectors, Variables, type Vector } from "./vector.js";

const vectors = loadVectors();
const python = process.env.PARLEY_TEST_PYTHON;
const surfaces: readonly SurfaceName[] = ["rest", "rpc", "mcp", "cli", "ts", "py"];
const make: Record<SurfaceName, (daemon: TestDaemon) => Surface> = {
  rest: restSurface,
  rpc: rpcSurface,
  mcp: mcpSurface,
  cli: cliSurface,
  ts: typescriptSurface,
  py: (daemon) => pythonSurface(daemon, python ?? "python3"),
};

describe("[vectors.count] the corpus", () => {
  test("has at least 100 vectors, valid and invalid", () => {
    const invalid = vectors.filter((vector) => "error" in vector.expect).length;
    expect(vectors.length).toBeGreaterThanOrEqual(100);
    expect(invalid).toBeGreaterThanOrEqual(50);
    expect(vectors.length - invalid).toBeGreaterThanOrEqual(40);
  });
});

// What the surfaces answered, so that they can be compared with each other at the end.
const answers = new Map<string, Map<string, Outcome>>();

describe.each(surfaces)("[vectors.%s] [seed003.accept-matrix] the corpus on one surface", (surfaceName) => {
  let daemon: TestDaemon;
  let surface: Surface;
  let control: Surface;
  beforeAll(async () => {
    daemon = await startDaemon();
    surface = make[surfaceName](daemon);
    control = restSurface(daemon);
  });
  afterAll(async () => {
    await surface?.close();
    await daemon?.[Symbol.asyncDispose]();
  });

  const sayable = vectors
    .map((vector, index) => [`${vector.operation}: ${vector.name}`, vector, index] as const)
    .filter(([, vector]) => hasForm[surfaceName](vector.operation, filled(vector)));
  test.each(sayable)("%s", async (title, vector, index) => {
    const variables = new Variables(`v${index}`, "user-tester");
    const setup = (vector.setup ?? []).flatMap((call) => Array.from({ length: call.times ?? 1 }, () => call));
    for (const call of setup) {
      const through = call.as_caller ? surface : control;
      const as = call.as === undefined ? undefined : (variables.fill(call.as) as string);
      const outcome = await through.call(call.operation, variables.fill(call.request), as);
      if ("error" in outcome)
        throw new Error(`setup ${call.operation} failed: ${JSON.stringify(outcome.error)}`);
      if (call.save !== undefined) variables.save(call.save, outcome.response);
    }
    const session = vector.session === undefined ? undefined : (variables.fill(vector.session) as string);
    const request = variables.fill(vector.request);
    const outcome = await surface.call(vector.operation, request, session);
    if ("response" in vector.expect) {
      expect(difference({ response: variables.fill(vector.expect.response) }, outcome)).toBeUndefined();
      return;
    }
    expect(outcome).toMatchObject({ error: vector.expect.error });
    if ("error" in outcome) {
      const seen = answers.get(title) ?? new Map();
      answers.set(title, seen.set(surfaceName, outcome));
    }
  });
});

describe("[vectors.same-error] one error everywhere", () => {
  test("every surface gave the same code, message and sorted details", () => {
    expect(answers.size).toBeGreaterThanOrEqual(50);
    for (const [title, seen] of answers) {
      const texts = new Set(
        [...seen.values()].map((outcome) => JSON.stringify(outcome).replace(/v\d+/g, "v")),
      );
      expect([...texts], `${title} on ${[...seen.keys()].join(", ")}`).toHaveLength(1);
    }
  });
});

/** The request with something in place of what only a run knows. */
function filled(vector: Vector): unknown {
  return new Variables("x", "x").fill(
    JSON.parse(JSON.stringify(vector.request).replace(/\{\{\w+\}\}/g, "x")),
  );
}
