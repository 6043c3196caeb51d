import { McpFault } from "../../../src/surfaces/mcp/fault.js";
import type { McpExchange, McpFeature, McpParams, McpResult } from "../../../src/surfaces/mcp/feature.js";
import { answersTo, elicit, filledIn, inputRequired } from "./input-required.js";
import { imageBlock, resourceBlock, textBlock } from "./samples.js";

interface FixturePrompt {
  arguments?: readonly string[];
  get(args: Readonly<Record<string, string>>, params: McpParams, exchange: McpExchange): McpResult;
}

/** The prompts that the suite asks for by name. */
const prompts: Readonly<Record<string, FixturePrompt>> = {
  test_simple_prompt: { get: () => messages(textBlock("A prompt and nothing else.")) },
  test_prompt_with_arguments: {
    arguments: ["arg1", "arg2"],
    get: ({ arg1, arg2 }) => messages(textBlock(`One is '${arg1}', the other '${arg2}'.`)),
  },
  test_prompt_with_embedded_resource: {
    arguments: ["resourceUri"],
    get: ({ resourceUri = "" }) =>
      messages(resourceBlock(resourceUri, "Embedded text."), textBlock("Read it.")),
  },
  test_prompt_with_image: { get: () => messages(imageBlock, textBlock("Look at it.")) },
  test_input_required_result_prompt: {
    get(_, params, exchange) {
      const answers = answersTo(params, ["user_context"]);
      if (answers !== undefined)
        return messages(textBlock(`About ${filledIn(answers.user_context, "context")}.`));
      return inputRequired(exchange, {
        user_context: elicit("About what?", { context: { type: "string" } }),
      });
    },
  },
};

/** Prompts and completion, of which the daemon has none. */
export const fixturePrompts: McpFeature = {
  capabilities: { prompts: { listChanged: true }, completions: {} },
  methods: {
    "prompts/list": () => ({
      fields: JSON.stringify({
        prompts: Object.entries(prompts).map(([name, { arguments: args = [] }]) => ({
          name,
          description: "For the conformance suite.",
          arguments: args.map((one) => ({ name: one, required: true })),
        })),
      }).slice(1, -1),
      cache: { ttlMs: 1_000, cacheScope: "public" },
    }),
    "prompts/get"(params, exchange) {
      const { name, arguments: args = {} } = params;
      const prompt = Object.hasOwn(prompts, String(name)) ? prompts[String(name)] : undefined;
      if (prompt === undefined) {
        const expected = "a prompt of prompts/list";
        throw McpFault.params(200, { field: "name", issue: "invalid_value", expected, got: String(name) });
      }
      return prompt.get(args as Record<string, string>, params, exchange);
    },
    "completion/complete": () => ({ fields: '"completion":{"values":[],"total":0,"hasMore":false}' }),
  },
};

function messages(...blocks: readonly object[]): McpResult {
  return { fields: `"messages":${JSON.stringify(blocks.map((content) => ({ role: "user", content })))}` };
}
