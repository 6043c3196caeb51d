import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { Contract } from "../../codegen/contract.js";
import { loadContract } from "../../codegen/load.js";
import { typeMap } from "../../codegen/lower.js";
import { guards } from "../../sdks/typescript/src/generated/guards.js";
import { readers } from "../../sdks/typescript/src/generated/readers.js";
import { readValue } from "../../sdks/typescript/src/runtime/unknown-variant.js";
import { openPlaces, unknownPlaces } from "./_open-places.js";
import { runPython } from "./_python.js";
import { root } from "./_tree.js";
import { ajvJudge } from "./_verdicts.js";

/** A value with something at an open place that only a later contract knows. */
interface UnknownCase {
  /** The declaring type and field, for example `SessionsDrainResponse.interactions[]`. */
  place: string;
  type: string;
  value: unknown;
}

const path = "test/vectors/unknown-variants/cases.json";
const contract = loadContract(root);
const { cases } = JSON.parse(readFileSync(join(root, path), "utf8")) as { cases: UnknownCase[] };

/** A sentence for each open place without a vector, and for each vector that is not what it states. */
function missing(contract: Contract, cases: UnknownCase[]): string[] {
  const places = openPlaces(contract);
  const wrong = cases
    .filter(({ place, type, value }) => !unknownPlaces(contract, type, value).includes(place))
    .map(
      ({ place }) => `${path} has a case for ${place} whose value holds nothing unknown there: correct it.`,
    );
  const met = new Set(cases.map(({ place }) => place));
  const without = places
    .filter((place) => !met.has(place))
    .map((place) => `${place} is open and no vector has an unknown variant there: add one to ${path}.`);
  return [...wrong, ...without];
}

/** The kinds of the unknown variants in what the TypeScript SDK read. */
function unknownIn(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  if ("wireKind" in value) return [String(value.wireKind)];
  return Object.values(value).flatMap(unknownIn);
}

/** Unions come as a variant of their own; of an enum only the text is new. */
function isUnion({ type, value }: UnknownCase): boolean {
  const unions = contract.types.filter(({ shape }) => shape.kind === "union" && shape.open);
  const met = unknownPlaces(contract, type, value);
  return unions.some(({ name }) => met.includes(name));
}

describe("[contract.open-unions] every open union and enum has a vector with what a later contract adds", () => {
  test("in this tree", () => {
    expect(openPlaces(contract).length).toBeGreaterThan(20);
    expect(missing(contract, cases)).toEqual([]);
  });

  test.each(["SendReceipt", "Route", "SessionsDrainResponse.interactions[]"])(
    "red without the one for %s",
    (place) => {
      const others = cases.filter((item) => item.place !== place);
      expect(missing(contract, others)).toEqual([
        `${place} is open and no vector has an unknown variant there: add one to ${path}.`,
      ]);
    },
  );

  test("red when a union or an enum is opened, or a field holds one", () => {
    const other = structuredClone(contract);
    const open = (name: string) =>
      Object.assign(other.types.find((type) => type.name === name)!.shape, { open: true });
    open("StreamScope");
    open("Handling");
    expect(missing(other, cases)).toContainEqual(expect.stringMatching(/^StreamScope is open/));
    expect(missing(other, cases)).toContainEqual(expect.stringMatching(/^Handling is open/));
    expect(missing(other, cases)).toContainEqual(expect.stringMatching(/^CommsStreamRequest\.scope is open/));
  });

  test("red when a vector's variant is known", () => {
    const known = cases.map((item) => (item.place === "Route" ? { ...item, value: "inproc" } : item));
    expect(missing(contract, known)).toEqual([
      `${path} has a case for Route whose value holds nothing unknown there: correct it.`,
    ]);
  });
});

describe("[contract.open-unions] what a later contract adds is read, and goes back as it came", () => {
  interface PythonAnswer {
    wire?: unknown;
    unknown?: string[];
    error?: string;
  }
  let python: PythonAnswer[];
  beforeAll(async () => {
    const types = typeMap(contract);
    const lines = cases.map(({ type, value }) => {
      const module = types.get(type)!.module.replace("-", "_");
      return JSON.stringify({ type: `${module}:${type}`, text: JSON.stringify(value) });
    });
    python = (await runPython("_open_places.py", lines)) as PythonAnswer[];
  });

  test.each(cases.map((item, index) => ({ ...item, index })))("$place", async ({ index, ...item }) => {
    const text = JSON.stringify(item.value);
    const unknown = isUnion(item) ? ["from_a_later_contract"] : [];
    expect(await ajvJudge(contract)([{ type: item.type, text }]), "the daemon's schema").toEqual([true]);
    expect(guards[item.type]!(JSON.parse(text)), "the TypeScript SDK's guard").toBe(true);
    const read = readValue(readers, item.type, JSON.parse(text));
    expect(unknownIn(read), "the TypeScript SDK").toEqual(unknown);
    expect(JSON.stringify(read)).toBe(text);
    expect(python[index], "the Python SDK").toEqual({ wire: item.value, unknown });
  });
});
