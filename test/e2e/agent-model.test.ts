import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { parley, type RunningCli, startParley } from "../support/cli.js";
import { startDaemon, type TestDaemon } from "../support/daemon.js";
import { untilLive } from "../support/hosts.js";
import { chunks, type ModelServer, says, startModelServer } from "../support/model-server.js";

let daemon: TestDaemon;
let model: ModelServer;
const hosts: RunningCli[] = [];

beforeAll(async () => {
  daemon = await startDaemon();
  model = await startModelServer();
  writeFileSync(join(daemon.folder, "key"), "sk-very-secret\n");
  await host("brain", "--system", "be brief", "--max-turns", "3", "--concurrency", "4");
});
afterAll(async () => {
  await Promise.all(hosts.map((one) => one.stop()));
  await model?.[Symbol.asyncDispose]();
  await daemon?.[Symbol.asyncDispose]();
});
beforeEach(() => {
  model.requests.length = 0;
  model.answers = [says("ok")];
});

async function host(name: string, ...flags: string[]): Promise<RunningCli> {
  const key = join(daemon.folder, "key");
  const given = ["agent", "model", "--name", name, "--model", "tiny", "--model-url", model.url];
  const running = startParley(daemon.env, [...given, "--api-key-file", key, ...flags]);
  hosts.push(running);
  await untilLive(daemon, name);
  return running;
}

interface Answer {
  kinds: string[];
  events: { kind: string; [field: string]: unknown }[];
  last: {
    kind: string;
    result?: Record<string, unknown>;
    reason?: { code: string; message: string; retryable: boolean };
  };
}

async function ask(words: string[], name = "brain"): Promise<Answer> {
  const { stdout } = await parley(daemon.env, ["send", name, ...words, "--stream", "--json"]);
  const [, ...lines] = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const events = lines.map(({ event }) => event).filter(({ kind }) => kind !== "delivery_updated");
  return { kinds: events.map(({ kind }) => kind), events, last: events.at(-1) };
}

const withParams = (params: object): string[] => ["--params", JSON.stringify(params)];
const said = (index: number): [role: string, content: string | null][] =>
  model.requests[index]!.body.messages.map(({ role, content }) => [role, content]);

describe("[cli.agent-model] a model host", () => {
  test("[cli.agent-model-turns] knows what a sender said before, apart for each conversation, bounded", async () => {
    const thread = (body: string, conversation: string): string[] => withParams({ body, conversation });
    model.answers = [says("one"), says("two"), says("three"), says("four"), says("other")];
    for (const body of ["a", "b", "c", "d"]) await ask(thread(body, "letters"));
    await ask(thread("e", "else"));
    expect(said(0)).toEqual([
      ["system", "be brief"],
      ["user", "a"],
    ]);
    expect(said(2).slice(1)).toEqual([
      ["user", "a"],
      ["assistant", "one"],
      ["user", "b"],
      ["assistant", "two"],
      ["user", "c"],
    ]);
    // Three exchanges are kept, so the first one has gone from the fifth request on.
    model.answers = [says("five")];
    await ask(thread("f", "letters"));
    expect(said(5)[1]).toEqual(["user", "b"]);
    expect(said(4).slice(1)).toEqual([["user", "e"]]);
    const other = await parley(daemon.env, ["--as", "someone", "send", "brain", "g", "--stream"]);
    expect(other.code).toBe(0);
    expect(said(6).slice(1)).toEqual([["user", "g"]]);
  });

  test("[cli.agent-model-turns] questions of one conversation follow each other, others do not wait", async () => {
    const entered = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    model.answers = [
      (response, request) => {
        entered.resolve();
        void gate.promise.then(() => says("slow")(response, request));
      },
      says("quick"),
    ];
    const first = ask(withParams({ body: "first", conversation: "row" }));
    await entered.promise;
    const second = ask(withParams({ body: "second", conversation: "row" }));
    const beside = await ask(withParams({ body: "beside", conversation: "free" }));
    expect(beside.last.result).toEqual({ body: "quick" });
    gate.resolve();
    await Promise.all([first, second]);
    expect(said(2).slice(1)).toEqual([
      ["user", "first"],
      ["assistant", "slow"],
      ["user", "second"],
    ]);
  });

  test("[cli.agent-model-reasoning] passes reasoning and usage on, apart from the text", async () => {
    model.answers = [
      (response) => {
        chunks(response, { reasoning_content: "six " }, { reasoning: "sevens" }, { content: "42" });
        chunks(response, { choices: [{ delta: {}, finish_reason: "stop" }] });
        chunks(response, { choices: [], usage: { prompt_tokens: 7, completion_tokens: 3 } });
        response.end("data: [DONE]\n\n");
      },
    ];
    const { events, kinds } = await ask(["six by seven?"]);
    expect(kinds.filter((kind) => kind !== "reasoning_delta")).toEqual([
      "interaction_started",
      "turn_started",
      "peer_content_ingested",
      "reasoning_complete",
      "text_delta",
      "text_complete",
      "turn_completed",
      "peer_response_received",
      "interaction_complete",
    ]);
    const deltas = events.filter(({ kind }) => kind === "reasoning_delta").map(({ delta }) => delta);
    expect(deltas.join("")).toBe("six sevens");
    expect(events.find(({ kind }) => kind === "reasoning_complete")?.text).toBe("six sevens");
    expect(events.find(({ kind }) => kind === "turn_completed")).toMatchObject({
      stop_reason: "stop",
      usage: { input_tokens: 7, output_tokens: 3 },
    });
    expect(events.find(({ kind }) => kind === "turn_completed")?.usage).not.toHaveProperty("total_tokens");
  });

  test("[cli.agent-model-tools] passes tool calls on and brings their results back", async () => {
    const tools = [{ type: "function", function: { name: "weather", parameters: { type: "object" } } }];
    const call = (index: number, more: object): object => ({ tool_calls: [{ index, ...more }] });
    model.answers = [
      (response) => {
        chunks(
          response,
          call(0, { id: "c1", function: { name: "weather", arguments: '{"ci' } }),
          call(1, { id: "c2", function: { name: "weather", arguments: "not json" } }),
          call(0, { function: { arguments: 'ty": "Bonn"}' } }),
          { choices: [{ delta: {}, finish_reason: "tool_calls" }] },
        );
        response.end("data: [DONE]\n\n");
      },
      says("wet"),
    ];
    const thread = { conversation: "tools" };
    const asked = await ask(withParams({ body: "weather?", tools, ...thread }));
    expect(model.requests[0]?.body.tools).toEqual(tools);
    expect(asked.events.filter(({ kind }) => kind === "tool_call_requested")).toMatchObject([
      { tool_call_id: "c1", name: "weather", args: { city: "Bonn" } },
      { tool_call_id: "c2", name: "weather", args: "not json" },
    ]);
    expect(asked.last.result).toMatchObject({
      tool_calls: [{ id: "c1", name: "weather", args: { city: "Bonn" } }, { id: "c2" }],
    });
    const results = [{ tool_call_id: "c1", content: { rain: true } }];
    const answered = await ask(withParams({ tool_results: results, tools, ...thread }));
    expect(answered.events.find(({ kind }) => kind === "tool_result_received")).toMatchObject({
      tool_call_id: "c1",
      is_error: false,
      content: { rain: true },
    });
    expect(model.requests[1]?.body.messages.slice(1)).toMatchObject([
      { role: "user", content: "weather?" },
      { role: "assistant", tool_calls: [{ id: "c1" }, { id: "c2" }] },
      { role: "tool", tool_call_id: "c1", content: '{"rain":true}' },
      { role: "tool", tool_call_id: "c2", content: "no result was given" },
    ]);
    expect(answered.last.result).toEqual({ body: "wet" });
    const unknown = await ask(withParams({ tool_results: results, ...thread }));
    expect(unknown.last.reason).toMatchObject({ code: "rejected", retryable: false });
    expect(unknown.last.reason?.message).toContain("no tool call c1 is open");
  });

  const raw = (status: number, body: string) => (response: import("node:http").ServerResponse) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(body);
  };
  test.each<[what: string, answer: ModelServer["answers"][number], reason: object]>([
    [
      "a wrong key",
      raw(401, '{"error": {"message": "no such key: sk-very-secret"}}'),
      {
        code: "executor_error",
        retryable: false,
        message: expect.stringMatching(/no such key: \*\*\*.*api-key-file/),
      },
    ],
    [
      "an unknown model",
      raw(404, '{"error": "model tiny not found"}'),
      { code: "executor_error", retryable: false, message: expect.stringContaining("model tiny not found") },
    ],
    [
      "a server under load",
      raw(503, "busy"),
      { code: "executor_error", retryable: true, message: expect.stringContaining("503: busy") },
    ],
    ["a gateway's timeout", raw(504, ""), { code: "timeout", retryable: true }],
    [
      "a stream that breaks off",
      (response) => {
        chunks(response, { content: "half" });
        response.destroy();
      },
      { code: "executor_error", retryable: true },
    ],
    [
      "a stream that ends early",
      (response) => {
        chunks(response, { content: "half" });
        response.end();
      },
      {
        code: "executor_error",
        retryable: true,
        message: "the model server ended the stream before it was done",
      },
    ],
    [
      "an error in the stream",
      (response) => {
        chunks(response, { error: { message: "out of memory" } });
        response.end();
      },
      {
        code: "executor_error",
        retryable: true,
        message: expect.stringContaining("out of memory"),
      },
    ],
    [
      "what is no JSON",
      (response) => {
        response.writeHead(200);
        response.end("data: <html>\n\n");
      },
      { code: "executor_error", retryable: true, message: expect.stringContaining("<html>") },
    ],
    [
      "a content filter",
      (response) => {
        chunks(response, { choices: [{ delta: {}, finish_reason: "content_filter" }] });
        response.end("data: [DONE]\n\n");
      },
      { code: "rejected", retryable: false },
    ],
  ])(
    "[cli.agent-model-errors] %s is a typed failure, and is not remembered",
    async (what, answer, reason) => {
      model.answers = [answer, says("fine")];
      const thread = { conversation: what };
      const failed = await ask(withParams({ body: "x", ...thread }));
      expect(failed.last).toMatchObject({ kind: "interaction_failed", reason });
      expect(JSON.stringify(failed.events)).not.toContain("sk-very-secret");
      expect(model.requests[0]?.authorization).toBe("Bearer sk-very-secret");
      await ask(withParams({ body: "y", ...thread }));
      expect(said(1).slice(1)).toEqual([["user", "y"]]);
    },
  );

  const busy =
    (status: number, headers: Record<string, string>, body = "slow down") =>
    (response: import("node:http").ServerResponse) =>
      void response.writeHead(status, headers).end(body);
  test.each<[what: string, answer: ModelServer["answers"][number], leastMs: number]>([
    ["429 with seconds", busy(429, { "retry-after": "2" }), 1_900],
    ["429 without a time", busy(429, {}), 900],
    ["503 with milliseconds", busy(503, { "retry-after-ms": "1500" }), 1_400],
    [
      "429 in a stream's first chunk",
      (response) => {
        chunks(response, { error: { code: 429, message: "slow down" } });
        response.end();
      },
      900,
    ],
  ])("[cli.agent-model-busy] %s is asked again later, and not before", async (what, answer, leastMs) => {
    model.answers = [answer, says("fine")];
    const from = performance.now();
    const { kinds, last } = await ask(withParams({ body: "x", conversation: what }));
    expect(last).toMatchObject({ kind: "interaction_complete", result: { body: "fine" } });
    expect(kinds.filter((kind) => kind === "turn_started")).toHaveLength(1);
    expect(model.requests).toHaveLength(2);
    expect(performance.now() - from).toBeGreaterThan(leastMs);
    expect(hosts[0]?.stderr).toContain("slow down; brain asks again in");
  });
  test("[cli.agent-model-busy] while a server is busy nothing else is asked, and a conversation keeps its order", async () => {
    model.answers = [busy(429, { "retry-after": "2" }), says("one"), says("two")];
    const first = ask(withParams({ body: "first", conversation: "in order" }));
    await vi.waitUntil(() => model.requests.length === 1, { timeout: 10_000 });
    const second = ask(withParams({ body: "second", conversation: "in order" }));
    const answers = await Promise.all([first, second]);
    expect(answers.map(({ last }) => last.result)).toEqual([{ body: "one" }, { body: "two" }]);
    expect(model.requests).toHaveLength(3);
  });
  test("[cli.agent-model-busy] an account without credit is a failure", async () => {
    model.answers = [raw(429, '{"error": {"code": "insufficient_quota", "message": "no credit"}}')];
    const { last } = await ask(withParams({ body: "x", conversation: "poor" }));
    expect(last.reason).toMatchObject({ code: "executor_error", retryable: false });
  });

  test("[cli.agent-model-errors] parameters of a wrong form are rejected with the form", async () => {
    const { last } = await ask(withParams({ body: "x", tools: "hammer" }));
    expect(last.reason).toMatchObject({
      code: "rejected",
      message: expect.stringContaining("params.tools takes an array"),
    });
    expect(model.requests).toEqual([]);
  });

  test("[cli.agent-model-errors] a server that does not know stream_options is asked without", async () => {
    model.answers = [raw(400, '{"error": {"message": "unknown field stream_options"}}'), says("fine")];
    const { last } = await ask(withParams({ body: "x", conversation: "old server" }));
    expect(last.result).toEqual({ body: "fine" });
    expect(model.requests.map(({ body }) => "stream_options" in body)).toEqual([true, false]);
  });

  test("[cli.agent-model-errors] a server that says nothing is given up", async () => {
    await host("hasty", "--timeout", "100ms");
    model.answers = [() => undefined];
    const { last } = await ask(["x"], "hasty");
    expect(last.reason).toMatchObject({ code: "timeout", retryable: true });
    await model.requests[0]?.abandoned;
  });

  test("[cli.agent-model-cancel] a host that is told twice to stop ends the request and gives the question back", async () => {
    const first = await host("leaving");
    const asked = Promise.withResolvers<void>();
    model.answers = [
      (response) => {
        chunks(response, { content: "never " });
        asked.resolve();
      },
      says("at last"),
    ];
    const reader = ask(["x"], "leaving");
    await asked.promise;
    first.child.kill("SIGINT");
    const told = Promise.withResolvers<void>();
    first.child.stderr!.on("data", (text: string) => text.includes("once more") && told.resolve());
    await told.promise;
    first.child.kill("SIGINT");
    await model.requests[0]?.abandoned;
    expect((await first.result).code).toBe(0);
    await host("leaving");
    const { kinds, last } = await reader;
    expect(kinds.filter((kind) => kind === "turn_started")).toHaveLength(2);
    expect(last.result).toEqual({ body: "at last" });
  });

  test("[cli.agent-model-cancel] a sender who cancels ends the request to the server", async () => {
    const asked = Promise.withResolvers<void>();
    model.answers = [
      (response) => {
        chunks(response, { content: "never " });
        asked.resolve();
      },
      says("ready"),
    ];
    const reader = startParley(daemon.env, ["send", "brain", "long", "--stream"]);
    const accepted = Promise.withResolvers<string>();
    let told = "";
    reader.child.stderr!.on("data", (text: string) => {
      told += text;
      const id = /accepted ([0-9a-f-]{36})/.exec(told)?.[1];
      if (id !== undefined) accepted.resolve(id);
    });
    await asked.promise;
    const cancelled = await parley(daemon.env, ["send", "brain", "--cancel", await accepted.promise]);
    expect(cancelled.code).toBe(0);
    await model.requests[0]?.abandoned;
    const { code, stderr } = await reader.result;
    expect(code).toBe(1);
    expect(stderr).toContain("[cancelled]");
    // What was cancelled is not remembered, and the host goes on.
    await ask(["again"]);
    expect(said(1).at(-1)).toEqual(["user", "again"]);
    expect(JSON.stringify(said(1))).not.toContain("long");
  });
});
