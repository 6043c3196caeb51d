import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Parser } from "@asyncapi/parser";
import { beforeAll, describe, expect, test } from "vitest";
import { root } from "./_tree.js";

const path = "schemas/dist/asyncapi.yaml";
const parser = new Parser();

/** The official parser's severities: 0 is an error and 1 a warning; it grades style above that. */
const warning = 1;

/** What the official parser finds wrong in the text, as sentences; empty when the text is valid AsyncAPI. */
async function parserProblems(text: string): Promise<string[]> {
  const problems = await parser.validate(text);
  return problems
    .filter(({ severity }) => severity <= warning)
    .map(
      ({ code, path: at, message }) =>
        `AsyncAPI's ${code} on ${path} at ${at.join("/")}: ${message} Fix codegen/emit/asyncapi.ts or codegen/json-schema.ts.`,
    );
}

describe("[contract.asyncapi] the official parser accepts asyncapi.yaml", () => {
  let document: string;
  beforeAll(() => {
    document = readFileSync(join(root, path), "utf8");
  });

  test("in this tree", async () => {
    expect(await parserProblems(document)).toEqual([]);
  });

  test.each<[fault: string, part: RegExp, other: string, sentence: RegExp]>([
    [
      "a discriminator in OpenAPI's form",
      /^( +)discriminator: kind$/m,
      "$1discriminator:\n$1  propertyName: kind",
      /"discriminator" property type must be string/,
    ],
    [
      "a channel's message that is not a component",
      /components\/messages\/comms\.stream_event"/,
      'components/messages/comms.no_event"',
      /'#\/components\/messages\/comms\.no_event' does not exist/,
    ],
    ["an action that AsyncAPI does not have", /action: send/, "action: push", /"action" property must be/],
  ])("red: %s", async (_fault, part, other, sentence) => {
    const changed = document.replace(part, other);
    expect(changed).not.toBe(document);
    expect(await parserProblems(changed)).toContainEqual(expect.stringMatching(sentence));
  });
});
