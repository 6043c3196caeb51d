import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startDaemon, type TestDaemon } from "../support/daemon.js";
import { hasForm, type SurfaceName } from "./forms.js";
import type { Outcome, Surface } from "./surface.js";
import { cliSurface } from "./surfaces/cli.js";
import { mcpSurface } from "./surfaces/mcp.js";
import { pythonSurface } from "./surfaces/python.js";
import { readEvents, restSurface } from "./surfaces/rest.js";
import { rpcSurface } from "./surfaces/rpc.js";
import { typescriptSurface } from "./surfaces/typescript.js";
import {
  type AskAfter,
  difference,
  type Expectation,
  type InboxAfter,
  loadVectors,
  type ReadAfter,
  Variables,
  type Vector,
} from "./vector.js";

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
  test("[vectors.comms] has at least 300 vectors of comms and sessions", () => {
    const comms = vectors.filter(({ operation }) => /^(?:comms|sessions)\./.test(operation));
    expect(comms.length).toBeGreaterThanOrEqual(300);
    const names = vectors.map(({ operation, name }) => `${operation}: ${name}`);
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  });

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
    .filter(([, vector]) => hasForm[surfaceName](vector.operation, filled(vector)))
    // The command line is its user, at the unix socket.
    .filter(([, vector]) => vector.token === undefined || surfaceName !== "cli");
  test.each(sayable)("%s", async (title, vector, index) => {
    const variables = new Variables(`v${index}`, surfaceName === "cli" ? "user-local" : "user-tester");
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
    const token = vector.token === undefined ? undefined : (variables.fill(vector.token) as string);
    const request = variables.fill(vector.request);
    const outcome = await surface.call(vector.operation, request, session, token);
    check(vector.expect, outcome, variables);
    if ("error" in outcome) {
      const seen = answers.get(title) ?? new Map();
      answers.set(title, seen.set(surfaceName, outcome));
    }
    for (const after of vector.then ?? []) await checkAfter(after, daemon, control, variables);
  });
});

describe("[vectors.same-error] one error everywhere", () => {
  test("every surface gave the same code, message and sorted details", () => {
    expect(answers.size).toBeGreaterThanOrEqual(50);
    const differing = [...answers].flatMap(([title, seen]) => {
      const texts = [...seen].map(
        ([surface, outcome]) => [surface, JSON.stringify(outcome).replace(/v\d+/g, "v")] as const,
      );
      return new Set(texts.map(([, text]) => text)).size > 1 ? [{ title, texts }] : [];
    });
    expect(differing).toEqual([]);
  });
});

function check(expected: Expectation, outcome: Outcome, variables: Variables): void {
  if ("response" in expected)
    expect(
      difference({ response: variables.fill(expected.response) }, withoutInbox(outcome, expected.response)),
    ).toBeUndefined();
  else expect(outcome).toMatchObject({ error: variables.fill(expected.error) as object });
}

/** What waits for a caller that many vectors share depends on those before: only a vector that expects it sees it. */
function withoutInbox(outcome: Outcome, expected: unknown): unknown {
  if ("error" in outcome || (expected as { inbox?: unknown }).inbox !== undefined) return outcome;
  const { inbox: _, ...response } = outcome.response as Record<string, unknown>;
  return { response };
}

async function checkAfter(
  after: AskAfter | InboxAfter | ReadAfter,
  daemon: TestDaemon,
  control: Surface,
  variables: Variables,
): Promise<void> {
  if ("read" in after) {
    const events = await readEvents(daemon, variables.fill(after.read));
    expect(difference({ events: variables.fill(after.events) }, { events })).toBeUndefined();
  } else if ("inbox" in after) {
    const request = variables.fill({ name: "{{bob}}", lease_token: "{{bob_lease}}", max: 64 });
    const drained = await control.call("sessions.drain", request, undefined);
    const interactions = (drained as { response: { interactions: unknown[] } }).response?.interactions;
    expect(difference({ inbox: variables.fill(after.inbox) }, { inbox: interactions })).toBeUndefined();
  } else {
    const as = after.as === undefined ? undefined : (variables.fill(after.as) as string);
    const told = await control.call(after.operation, variables.fill(after.request), as);
    check(after.expect, told, variables);
  }
}

/** The request with something in place of what only a run knows. */
function filled(vector: Vector): unknown {
  return new Variables("x", "x").fill(
    JSON.parse(JSON.stringify(vector.request).replace(/\{\{\w+\}\}/g, "x")),
  );
}
