import { describe, expect, test } from "vitest";
import { SimulatedClock } from "../../test/support/simulated-clock.js";
import type { Scope } from "../generated/operations.js";
import { Call, type Principal } from "./context.js";
import { ContractError } from "./contract-error.js";
import { createDispatch, type DispatchOptions, handlerTable } from "./dispatch.js";
import type { HandlerTable, PlaneTables } from "./handlers.js";
import { systemIds } from "./ids.js";
import type { PrincipalId } from "./principal.js";
import { createValidators } from "./validate.js";

const peers = { peers: [], generation: 1 };

function principal(scopes: Scope[], sessions: string[] = []): Principal {
  return {
    name: "ann",
    kind: "token",
    scopes: new Set(scopes),
    sessions,
    ended: new AbortController().signal,
  };
}

function setUp(
  handlers: Partial<Record<keyof HandlerTable, unknown>>,
  options: Partial<DispatchOptions> = {},
) {
  const clock = new SimulatedClock();
  const logged: object[] = [];
  const log = { debug() {}, info() {}, warn() {}, error: (fields: object) => void logged.push(fields) };
  const ambient = { clock, ids: systemIds(clock), log };
  const seen: string[] = [];
  const dispatch = createDispatch({
    handlers: handlers as HandlerTable,
    validators: createValidators(),
    sessionOwner: () => undefined,
    observe: (id, _call, code) => void seen.push(`${id} ${code}`),
    ...options,
  });
  const call = (who: Principal | null, session?: string): Call =>
    new Call(ambient, { surface: "rest", principal: who, session });
  return { clock, logged, seen, dispatch, call };
}

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "ok",
    (error: ContractError) => error.code,
  );

describe("the order of checks", () => {
  const reader = principal(["comms:read"]);
  test.each([
    ["no credentials, whatever the request", null, { wrong: 1 }, undefined, "unauthenticated"],
    ["an invalid request before a missing scope", principal([]), { wrong: 1 }, undefined, "invalid_request"],
    ["a missing scope", principal([]), {}, undefined, "permission_denied"],
    ["a session of somebody else", reader, {}, "bob", "permission_denied"],
    ["a session that the token names", principal(["comms:read"], ["bob"]), {}, "bob", "ok"],
    ["any session", principal(["comms:read"], ["*"]), {}, "bob", "ok"],
    ["the own session by name", reader, {}, "user-ann", "ok"],
    ["a session name that is none", principal(["comms:read"], ["*"]), {}, "Bob!", "invalid_request"],
  ])("[kernel.authorise] %s", async (_name, who, request, session, expected) => {
    const { dispatch, call, seen } = setUp({ "comms.peers": async () => peers });
    expect(await codeOf(dispatch.unary("comms.peers", request, call(who, session)))).toBe(expected);
    expect(seen).toEqual([`comms.peers ${expected}`]);
  });

  test("[kernel.authorise] a session is allowed to its owner", async () => {
    const { dispatch, call } = setUp(
      { "comms.peers": async () => peers },
      { sessionOwner: (session) => (session === "planner" ? { kind: "token", name: "ann" } : undefined) },
    );
    expect(await codeOf(dispatch.unary("comms.peers", {}, call(reader, "planner")))).toBe("ok");
    expect(await codeOf(dispatch.unary("comms.peers", {}, call(reader, "other")))).toBe("permission_denied");
  });

  test("[trust.principals] a session is not allowed to a principal of the owner's name and another kind", async () => {
    const owners: Record<string, PrincipalId> = {
      planner: { kind: "browser", name: "ann" },
      "user-ann": { kind: "local", name: "ann" },
    };
    const { dispatch, call } = setUp(
      { "comms.peers": async () => peers },
      { sessionOwner: (session) => owners[session] },
    );
    for (const session of Object.keys(owners))
      expect(await codeOf(dispatch.unary("comms.peers", {}, call(reader, session)))).toBe(
        "permission_denied",
      );
  });

  test("[kernel.authorise] an operation without a scope takes anybody", async () => {
    const { dispatch, call } = setUp({ "system.health": async () => ({ status: "ok", version: "1" }) });
    expect(await codeOf(dispatch.unary("system.health", {}, call(null)))).toBe("ok");
  });
});

describe("failures", () => {
  const admin = principal(["comms:read", "comms:write"]);

  test("[kernel.errors-unknown] an unknown failure is logged with its request id and not told", async () => {
    const cause = new Error("disk of ann");
    const { dispatch, call, logged } = setUp({ "comms.peers": () => Promise.reject(cause) });
    const asked = call(admin);
    const error = await dispatch.unary("comms.peers", {}, asked).catch((thrown: ContractError) => thrown);
    expect(error).toMatchObject({ code: "internal" });
    expect(JSON.stringify((error as ContractError).toPayload("r"))).not.toContain("disk of ann");
    expect(logged).toEqual([{ request_id: asked.requestId, operation: "comms.peers", err: cause }]);
  });

  test("[kernel.validation-code] the operation says which code an invalid request has", async () => {
    const { dispatch, call } = setUp({});
    expect(await codeOf(dispatch.unary("comms.send", {}, call(admin)))).toBe("invalid_command");
    expect(await codeOf(dispatch.unary("comms.peers", { a: 1 }, call(admin)))).toBe("invalid_request");
  });

  test("[kernel.deadline] a handler that takes too long is told and answered for", async () => {
    const { dispatch, call, clock } = setUp({ "comms.peers": () => new Promise(() => {}) });
    const asked = call(admin);
    const { signal } = asked;
    const answer = codeOf(dispatch.unary("comms.peers", {}, asked));
    expect(asked.deadline).toBe(clock.monotonic() + 30_000);
    clock.advance(29_999);
    expect(signal.aborted).toBe(false);
    clock.advance(1);
    expect(signal.aborted).toBe(true);
    expect(await answer).toBe("deadline_exceeded");
  });

  test("[kernel.deadline] a call that ends in time leaves no timer", async () => {
    const { dispatch, call, clock } = setUp({ "comms.peers": async () => peers });
    const asked = call(admin);
    await dispatch.unary("comms.peers", {}, asked);
    clock.advance(100_000);
    expect(asked.cancelled).toBe(false);
  });

  test("[kernel.cancel] a cancelled call's handler ends by its signal", async () => {
    const { dispatch, call } = setUp({
      "comms.peers": (_request: unknown, context: Call) =>
        new Promise((_resolve, reject) => {
          context.signal.addEventListener("abort", () => reject(context.signal.reason));
        }),
    });
    const asked = call(admin);
    const answer = codeOf(dispatch.unary("comms.peers", {}, asked));
    asked.cancel();
    expect(await answer).toBe("request_cancelled");
  });
});

test("[kernel.drain] draining refuses new calls and waits for those under way", async () => {
  const gate = Promise.withResolvers<typeof peers>();
  const who = principal(["comms:read"]);
  const { dispatch, call } = setUp({
    "comms.peers": () => gate.promise,
    "system.health": async () => ({ status: "stopping", version: "1" }),
  });
  const running = codeOf(dispatch.unary("comms.peers", {}, call(who)));
  let drained = false;
  const draining = dispatch.drain().then(() => {
    drained = true;
  });
  expect(await codeOf(dispatch.unary("comms.peers", {}, call(who)))).toBe("shutting_down");
  expect(await codeOf(dispatch.unary("system.health", {}, call(null)))).toBe("ok");
  expect(drained).toBe(false);
  gate.resolve(peers);
  expect(await running).toBe("ok");
  await draining;
  expect(drained).toBe(true);
});

test("[kernel.dispatch] the planes' tables become one by operation id", () => {
  const send = async () => ({});
  const table = handlerTable({ comms: { send } } as unknown as PlaneTables);
  expect(table["comms.send"]).toBe(send);
  expect(Object.keys(table)).toContain("system.health");
});

describe("[kernel.admission] more short calls than there is room for", () => {
  const host = principal(["comms:read", "sessions:read", "system:read"]);
  const stuck = new Promise<never>(() => {});

  test("are refused after a while with a time to wait; other planes and the system plane go on", async () => {
    const { clock, dispatch, call, seen } = setUp(
      {
        "comms.peers": () => stuck,
        "sessions.list": async () => ({ sessions: [] }),
        "system.version": async () => ({}),
      },
      { calls: 2 },
    );
    const send = (): Promise<string> => codeOf(dispatch.unary("comms.peers", {}, call(host)));
    // A burst is let in; when it is over, nothing is.
    for (let n = 0; n < 16; n += 1) void send();
    clock.advance(250);
    const refused = dispatch.unary("comms.peers", {}, call(host));
    await expect(codeOf(dispatch.unary("sessions.list", {}, call(host)))).resolves.toBe("ok");
    await expect(codeOf(dispatch.unary("system.version", {}, call(null)))).resolves.toBe("ok");
    expect(seen).toEqual(["sessions.list ok", "system.version ok"]);
    clock.advance(250);
    await expect(refused).rejects.toMatchObject({
      code: "quota_exceeded",
      retryAfterMs: 100,
      details: [{ expected: "at most 2 calls of this plane under way" }],
    });
    // Room comes back: here with the deadline of the first two.
    clock.advance(30_000);
    const last = send();
    clock.advance(30_000);
    expect(await last).toBe("deadline_exceeded");
  });

  test("refused by their handler again and again are told so later, and leave their room to others", async () => {
    let full = true;
    const { clock, dispatch, call } = setUp(
      {
        "comms.peers": () =>
          full
            ? Promise.reject(new ContractError("admission_dropped", { retryAfterMs: 100 }))
            : Promise.resolve({ peers: [], generation: 1 }),
      },
      { calls: 1 },
    );
    const ask = (): Promise<string> => codeOf(dispatch.unary("comms.peers", {}, call(host)));
    for (let n = 0; n < 32; n += 1) expect(await ask()).toBe("admission_dropped");
    let told: string | undefined;
    const held = ask().then((code) => (told = code));
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
    full = false;
    expect(await ask()).toBe("ok");
    expect(told).toBeUndefined();
    clock.advance(250);
    expect(await held).toBe("admission_dropped");
  });

  test("are not even looked at without credentials", async () => {
    const { dispatch, call } = setUp({}, { calls: 0 });
    expect(await codeOf(dispatch.unary("comms.peers", {}, call(null)))).toBe("unauthenticated");
  });
});
