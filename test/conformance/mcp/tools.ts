import { McpFault } from "../../../src/surfaces/mcp/fault.js";
import type { McpExchange, McpFeature, McpParams, McpResult } from "../../../src/surfaces/mcp/feature.js";
import { Asking } from "./asking.js";
import { changes } from "./changes.js";
import {
  answersTo,
  capabilitiesOf,
  elicit,
  filledIn,
  type InputRequests,
  inputRequired,
  listRoots,
  requireCapability,
  sample,
  stateOf,
} from "./input-required.js";
import { audioBlock, imageBlock, resourceBlock, textBlock } from "./samples.js";
import { enumForm, formWithDefaults, json2020Schema } from "./schemas.js";

interface FixtureTool {
  inputSchema?: object;
  run(exchange: McpExchange, params: McpParams, args: McpParams): McpResult | Promise<McpResult>;
}

const logLevel = "io.modelcontextprotocol/logLevel";
const asking = new Asking();

/** The tools that the suite calls by name. */
const tools: Readonly<Record<string, FixtureTool>> = {
  test_simple_text: says(textBlock("A text and nothing else.")),
  test_image_content: says(imageBlock),
  test_audio_content: says(audioBlock),
  test_embedded_resource: says(resourceBlock("test://embedded", "Embedded text.")),
  test_multiple_content_types: says(
    textBlock("Several kinds:"),
    imageBlock,
    resourceBlock("test://mixed", '{"n":1}', "application/json"),
  ),
  test_error_handling: {
    run() {
      const { fields } = content(textBlock("It failed, as it was asked to."));
      return { fields: `${fields},"isError":true` };
    },
  },
  json_schema_2020_12_tool: {
    inputSchema: json2020Schema,
    run: (_, __, args) => content(textBlock(JSON.stringify(args))),
  },
  test_tool_with_logging: {
    run(exchange) {
      for (const data of ["begins", "works", "ends"])
        notify(exchange, "notifications/message", { level: "info", data });
      return content(textBlock("Logged."));
    },
  },
  test_tool_with_progress: {
    run(exchange) {
      const { progressToken = 0 } = exchange.meta;
      for (const progress of [0, 50, 100])
        notify(exchange, "notifications/progress", { progressToken, progress, total: 100 });
      return content(textBlock("Done."));
    },
  },
  test_sampling: {
    inputSchema: form("prompt"),
    async run(exchange, _, { prompt }) {
      const { method, params } = sample(String(prompt), 100);
      return content(textBlock(`Sampled: ${JSON.stringify(await ask(exchange, method, params))}`));
    },
  },
  test_elicitation: {
    inputSchema: form("message"),
    async run(exchange, _, { message }) {
      const { method, params } = elicit(String(message), { response: { type: "string" } });
      return content(textBlock(`Elicited: ${JSON.stringify(await ask(exchange, method, params))}`));
    },
  },
  test_elicitation_sep1034_defaults: elicits(formWithDefaults),
  test_elicitation_sep1330_enums: elicits(enumForm),
  test_missing_capability: {
    run(exchange) {
      requireCapability(exchange, "sampling");
      return content(textBlock("The client can sample."));
    },
  },
  test_streaming_elicitation: {
    run(exchange) {
      notify(exchange, "notifications/progress", { progressToken: 0, progress: 1 });
      return content(textBlock("Streamed."));
    },
  },
  test_logging_tool: {
    run(exchange) {
      const level = exchange.meta[logLevel];
      if (level !== undefined) notify(exchange, "notifications/message", { level, data: "works" });
      return content(textBlock("Logged if it was asked for."));
    },
  },
  test_trigger_tool_change: {
    run() {
      changes.tell("tools");
      return content(textBlock("The list of tools changed."));
    },
  },
  test_trigger_prompt_change: {
    run() {
      changes.tell("prompts");
      return content(textBlock("The list of prompts changed."));
    },
  },
  test_input_required_result_elicitation: requires(
    { user_name: elicit("What is your name?", { name: { type: "string" } }) },
    ({ user_name: answer }) => `Hello, ${filledIn(answer, "name")}!`,
  ),
  test_input_required_result_sampling: requires(
    { capital_question: sample("What is the capital of France?", 100) },
    ({ capital_question: answer }) => `Sampled: ${JSON.stringify(answer)}`,
  ),
  test_input_required_result_list_roots: requires(
    { client_roots: listRoots },
    ({ client_roots: answer }) => `Roots: ${JSON.stringify(answer)}`,
  ),
  test_input_required_result_request_state: requires(
    { confirm: elicit("Is that right?", { ok: { type: "boolean" } }) },
    () => "state-ok",
    "confirmation",
  ),
  test_input_required_result_multiple_inputs: requires(
    {
      user_name: elicit("What is your name?", { name: { type: "string" } }),
      greeting: sample("Write a greeting.", 50),
      client_roots: listRoots,
    },
    () => "All of it came back.",
    "several",
  ),
  test_input_required_result_tampered_state: requires(
    { confirm: elicit("Is that right?", { ok: { type: "boolean" } }) },
    () => "integrity-ok",
    "integrity",
  ),
  test_input_required_result_multi_round: { run: rounds },
  test_input_required_result_capabilities: {
    run(exchange, params) {
      const requests = {
        elicit_input: elicit("Anything?", { value: { type: "string" } }),
        sample_input: sample("Anything.", 50),
      };
      const able = capabilitiesOf(exchange);
      const answered = Object.keys((params.inputResponses ?? {}) as object).length > 0;
      if (answered || (able.elicitation === undefined && able.sampling === undefined)) {
        return content(textBlock("No more than the client can do was asked."));
      }
      return inputRequired(exchange, requests, { about: "capabilities" });
    },
  },
};

/** Tools in place of the daemon's own. */
export const fixtureTools: McpFeature = {
  capabilities: { tools: { listChanged: true }, logging: {} },
  answered: asking.answered,
  methods: {
    "tools/list": () => ({
      fields: JSON.stringify({
        tools: Object.entries(tools).map(([name, { inputSchema = { type: "object" } }]) => ({
          name,
          description: "For the conformance suite.",
          inputSchema,
        })),
      }).slice(1, -1),
      cache: { ttlMs: 1_000, cacheScope: "public" },
    }),
    "tools/call"(params, exchange) {
      const { name, arguments: args = {} } = params;
      const tool = Object.hasOwn(tools, String(name)) ? tools[String(name)] : undefined;
      if (tool === undefined) {
        const expected = "a tool of tools/list";
        throw McpFault.params(200, { field: "name", issue: "invalid_value", expected, got: String(name) });
      }
      return tool.run(exchange, params, args as McpParams);
    },
  },
  sessionMethods: { "logging/setLevel": () => ({ fields: "" }) },
};

function content(...blocks: readonly object[]): McpResult {
  return { fields: `"content":${JSON.stringify(blocks)}` };
}

function says(...blocks: readonly object[]): FixtureTool {
  return { run: () => content(...blocks) };
}

function form(field: string): object {
  return { type: "object", properties: { [field]: { type: "string" } }, required: [field] };
}

function notify(exchange: McpExchange, method: string, params: object): void {
  exchange.stream().send(JSON.stringify({ jsonrpc: "2.0", method, params }));
}

function ask(exchange: McpExchange, method: string, params: object): Promise<object> {
  return asking.ask(exchange, method, params);
}

function elicits(requestedSchema: object): FixtureTool {
  return {
    async run(exchange) {
      const params = { message: "Please fill this in.", requestedSchema };
      return content(
        textBlock(`Elicited: ${JSON.stringify(await ask(exchange, "elicitation/create", params))}`),
      );
    },
  };
}

/** A tool that asks once, and is done when everything was answered. */
function requires(
  requests: InputRequests,
  done: (answers: Readonly<Record<string, object>>) => string,
  about?: string,
): FixtureTool {
  return {
    run(exchange, params) {
      const state = stateOf(params);
      const answers = answersTo(params, Object.keys(requests));
      if (answers !== undefined && state?.about === about) return content(textBlock(done(answers)));
      return inputRequired(exchange, requests, about === undefined ? undefined : { about });
    },
  };
}

/** A tool that asks twice; what it knows so far travels with the client. */
function rounds(exchange: McpExchange, params: McpParams): McpResult {
  const state = stateOf(params);
  const first = { step1: elicit("What is your name?", { name: { type: "string" } }) };
  const second = { step2: elicit("What is your colour?", { colour: { type: "string" } }) };
  const name = answersTo(params, ["step1"])?.step1;
  if (state?.round === 1 && name !== undefined) {
    return inputRequired(exchange, second, { round: 2, name: filledIn(name, "name") });
  }
  const colour = answersTo(params, ["step2"])?.step2;
  if (state?.round === 2 && colour !== undefined) {
    return content(textBlock(`${String(state.name)} likes ${filledIn(colour, "colour")}.`));
  }
  return inputRequired(exchange, first, { round: 1 });
}
