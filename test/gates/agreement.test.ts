import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { loadContract } from "../../codegen/load.js";
import { root } from "./_tree.js";
import {
  ajvJudge,
  type Candidate,
  type Judge,
  pythonJudge,
  readCorpus,
  typescriptJudge,
} from "./_verdicts.js";

const contract = loadContract(root);
const corpus = readCorpus();
const judges: [name: string, judge: Judge][] = [
  ["ajv", ajvJudge(contract)],
  ["the TypeScript SDK's guards", typescriptJudge],
  ["the Python SDK's models", pythonJudge(contract)],
];

/** Sentences about the cases that a judge sees otherwise. */
async function disagreements(name: string, judge: Judge, cases: typeof corpus): Promise<string[]> {
  const verdicts = await judge(cases);
  return cases
    .filter((item, index) => verdicts[index] !== item.valid)
    .map(
      (item) =>
        `${name} ${item.valid ? "refuses" : "takes"} ${item.type}, ${item.name} (${item.text}): fix its emitter, or the corpus if the schema says otherwise.`,
    );
}

describe("[contract.agreement] [field.sdk-reads] ajv, TypeScript and Python agree on what fits", () => {
  test("the corpus is worth its name", () => {
    const names = new Set(contract.types.map((type) => type.name));
    expect(corpus.filter((item) => !names.has(item.type))).toEqual([]);
    expect(corpus.filter((item) => item.valid).length).toBeGreaterThanOrEqual(60);
    expect(corpus.filter((item) => !item.valid).length).toBeGreaterThan(60);
    expect(corpus.some((item) => item.text.includes("5.0"))).toBe(true);
  });

  test.each(judges)("%s", async (name, judge) => {
    expect(await disagreements(name, judge, corpus)).toEqual([]);
  });

  test.each(judges)("red when %s judges otherwise", async (name, judge) => {
    const wrong = corpus.slice(0, 2).map((item) => ({ ...item, valid: !item.valid }));
    expect(await disagreements(name, judge, wrong)).toEqual([
      expect.stringMatching(/(?:takes|refuses) .*: fix its emitter/),
      expect.stringMatching(/(?:takes|refuses) .*: fix its emitter/),
    ]);
  });
});

/** What a mutation puts in place of a part of a value. */
const foreign: unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  9007199254740992,
  "",
  "x",
  "é\n",
  [],
  [null],
  {},
  { kind: "x" },
];

/** Changes one place of a JSON value: replaces, removes or adds. */
function mutate(value: unknown, path: number[], step: number, replacement: unknown): unknown {
  const [pick = 0, ...rest] = path;
  if (typeof value !== "object" || value === null) return replacement;
  const keys = Object.keys(value);
  const copy: Record<string, unknown> | unknown[] = Array.isArray(value) ? [...value] : { ...value };
  const target = copy as Record<string, unknown>;
  if (keys.length === 0 || step === 2) {
    if (Array.isArray(copy)) copy.push(replacement);
    else target.extra_field = replacement;
    return copy;
  }
  const key = keys[pick % keys.length]!;
  if (rest.length > 0) target[key] = mutate(target[key], rest, step, replacement);
  else if (step === 1 && !Array.isArray(copy)) delete target[key];
  else target[key] = replacement;
  return copy;
}

const seeds: { type: string; value: unknown }[] = [
  ...contract.operations.map((operation) => ({ type: operation.request, value: operation.example.request })),
  ...contract.operations.map((operation) => ({
    type: operation.response,
    value: operation.example.response,
  })),
  ...corpus
    .filter((item) => item.valid)
    .map((item) => ({ type: item.type, value: JSON.parse(item.text) as unknown })),
];

describe("[contract.agreement] [field.sdk-reads] random mutations of good values", () => {
  const mutants: Candidate[] = [];
  beforeAll(() => {
    const change = fc.tuple(
      fc.nat(seeds.length - 1),
      fc.array(fc.nat(20), { minLength: 1, maxLength: 4 }),
      fc.nat(2),
      fc.constantFrom(...foreign),
    );
    for (const [pick, path, step, replacement] of fc.sample(change, { numRuns: 3000, seed: 20261121 })) {
      const { type, value } = seeds[pick]!;
      mutants.push({ type, text: JSON.stringify(mutate(value, path, step, replacement)) });
    }
  });

  test.each(judges.slice(1))("ajv and %s agree", async (name, judge) => {
    const expected = await judges[0]![1](mutants);
    const actual = await judge(mutants);
    const different = mutants.filter((_, index) => expected[index] !== actual[index]);
    expect(
      [...new Set(different.map(({ type, text }) => `${type} ${text}`))].slice(0, 20),
      `${name} and ajv disagree: put the value into test/vectors/agreement and fix the one that is wrong`,
    ).toEqual([]);
    expect(expected.filter((fits) => fits).length).toBeGreaterThan(100);
    expect(expected.filter((fits) => !fits).length).toBeGreaterThan(1000);
  });
});
