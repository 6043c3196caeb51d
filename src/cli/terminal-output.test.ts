import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ParleyError } from "../../sdks/typescript/src/index.js";
import { cliCommands } from "../generated/cli.js";
import { visibleLine, visibleText } from "../terminal-text.js";
import { filled, hostileText, typesLike, variantsOf } from "./_hostile.js";
import { describeReceipt } from "./commands/send.js";
import { printResponse } from "./contract-call.js";
import { reportFailure } from "./failure.js";
import { note, noteBlock, paint, print, printJson, printText } from "./output.js";
import { printEvents } from "./print-events.js";

const streams = [process.stdout, process.stderr] as const;
const wasTerminal = streams.map(({ isTTY }) => isTTY);
let written = "";

beforeEach(() => {
  written = "";
  for (const stream of streams)
    vi.spyOn(stream, "write").mockImplementation((text) => {
      written += String(text);
      return true;
    });
});
afterEach(() => {
  vi.restoreAllMocks();
  terminal(...wasTerminal);
});

function terminal(...isTerminal: (boolean | undefined)[]): void {
  for (const [at, stream] of streams.entries())
    Object.defineProperty(stream, "isTTY", { value: isTerminal[at], configurable: true });
}

/** Everything that a terminal would obey, but for line feeds, tabs and the styles of our own. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const obeyed = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufeff]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the styles begin with one
const ownStyles = /\u001b\[(?:1|2|22|31|32|33|36|39)m/g;

/** What the act writes to terminals. */
async function shown(act: () => unknown): Promise<string> {
  terminal(true, true);
  written = "";
  await act();
  return written;
}

const events = (...items: object[]): AsyncIterable<unknown> & { close(): Promise<void> } => ({
  async *[Symbol.asyncIterator]() {
    yield* items;
  },
  close: () => Promise.resolve(),
});

const item = (event: object): object => ({
  at: "2026-11-21T09:30:00.000Z",
  sequence: 1,
  interaction_id: "0199f3a0-4c52-7c01-b200-1a2b0c4d5e6f",
  event,
});

const holds = (property: (text: string) => Promise<void>): Promise<void> =>
  fc.assert(fc.asyncProperty(hostileText, property), { numRuns: 60 });

describe("[cli.terminal] a terminal obeys nothing of what peers wrote", () => {
  const variants = variantsOf("AgentEvent");

  test.each([...variants, "unknown"])("in any field of %s", (name) =>
    holds(async (text) => {
      const event =
        name === "unknown"
          ? { kind: "$unknown", wireKind: text, raw: { kind: text, [text]: text } }
          : (filled(name, text) as object);
      for (const json of [false, true]) {
        const output = await shown(() => printEvents(events(item(event)), { json: json }));
        expect(output.replace(ownStyles, "")).not.toMatch(obeyed);
      }
    }),
  );

  test("in any field of an extension event of our own", () =>
    holds(async (text) => {
      const data = { processes: [{ pid: text, command: text }], ended: text };
      const event = { kind: "extension", namespace: "parley", name: "surviving_processes", data };
      const output = await shown(() => printEvents(events(item(event)), { json: false }));
      expect(output.replace(ownStyles, "")).not.toMatch(obeyed);
      expect(output.trimEnd().split("\n")).toHaveLength(1);
    }));

  const contractCommands = cliCommands.filter(({ custom }) => !custom);
  test.each(contractCommands.map((spec) => [spec.command, spec] as const))(
    "in the output of parley %s",
    (_, spec) =>
      holds(async (text) => {
        const type = `${spec.operation.replace(/(?:^|[._])(\w)/g, (__, one: string) => one.toUpperCase())}Response`;
        const response = filled(type, text);
        const table = await shown(() => printResponse(spec, response));
        expect(table.replace(ownStyles, "")).not.toMatch(obeyed);
        if (spec.rows !== null) expect(table.trimEnd().split("\n").length).toBeLessThanOrEqual(2);
        const json = await shown(() => printJson(response));
        expect(json).not.toMatch(obeyed);
        expect(JSON.parse(json)).toEqual(response);
      }),
  );

  test("in errors, receipts and notes", () =>
    holds(async (text) => {
      const details = [{ field: text, issue: text, expected: text, got: text }];
      const error = new ParleyError({ code: text, message: text, details });
      const receipts = typesLike(/^(InputAccepted|Peer\w+Sent)$/);
      const output = await shown(() => {
        for (const json of [false, true]) reportFailure(error, json);
        for (const one of receipts) print(describeReceipt(filled(one, text) as Record<string, unknown>));
        note("peer ", paint("dim", text));
        noteBlock("red", text);
        printText(text);
      });
      expect(receipts).toHaveLength(4);
      expect(output.replace(ownStyles, "")).not.toMatch(obeyed);
    }));

  test("and shows it as JSON escapes it", () => {
    expect(visibleLine("a\u001b[31mb\r\n\tc\u202e")).toBe("a\\u001b[31mb\\r\\n\\tc\\u202e");
    expect(visibleText("a\u009b1\n\tc")).toBe("a\\u009b1\n\tc");
    expect(visibleText("naïve 漢字 👩‍👩‍👧 é")).toBe("naïve 漢字 👩‍👩‍👧 é");
  });
});

describe("[cli.bytes] to a pipe or a file", () => {
  const text = "\ufeffa\rb\u0000\u001b[31m\u202e\n\u009b";

  test("text goes as it was sent", async () => {
    terminal(false, true);
    vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const deltas = ["one ", text, "two"].map((delta) => item({ kind: "text_delta", delta }));
    const tool = item({ kind: "tool_call_requested", name: "t", args: {} });
    await printEvents(events(deltas[0]!, tool, ...deltas.slice(1)), { json: false });
    expect(written).toBe(`one ${text}two\n`);
  });

  test("so do JSON, results and tables", async () => {
    terminal(false, false);
    print(text);
    printJson({ text });
    await printEvents(events(item({ kind: "interaction_complete", result: text })), { json: false });
    expect(written).toBe(`${text}\n${JSON.stringify({ text })}\n· complete\n${text}\n`);
    written = "";
    const spec = cliCommands.find(({ command }) => command === "peers")!;
    printResponse(spec, { peers: [{ name: text }] });
    expect(written).toContain(text);
  });
});

test("[cli.terminal] no other file of the command line writes to the terminal by itself", () => {
  const folder = fileURLToPath(new URL(".", import.meta.url));
  const writers = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts"))
    .filter((path) => {
      const source = readFileSync(join(folder, path), "utf8");
      return /std(?:out|err)\b(?:\.|\[")?write|console\.(?:log|error|warn|info)|writeSync\((?:1|2)\b/.test(
        source,
      );
    });
  expect(writers).toEqual(["output.ts"]);
});
