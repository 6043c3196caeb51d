import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readers } from "../src/generated/readers.js";
import type { AgentEvent } from "../src/index.js";
import { type Readers, readValue } from "../src/runtime/unknown-variant.js";

/** Everything with `kind` is an event that this SDK may not know. */
const event = fc.record(
  {
    kind: fc.constantFrom("text_delta", "brand_new", "$unknown", "toString"),
    delta: fc.string(),
    extra: fc.jsonValue(),
  },
  { requiredKeys: ["kind"] },
);

describe("[sdk.unknown-variants] [field.tolerant-events] unknown variants", () => {
  test("go back to the wire as they came", () => {
    fc.assert(
      fc.property(event, fc.jsonValue(), (one, more) => {
        const wire = JSON.stringify({ stream_id: "s", sequence: 1, event: one, more });
        const read = readValue(readers, "CommsStreamEvent", JSON.parse(wire));
        expect(JSON.stringify(read)).toBe(wire);
        const { kind } = (read as { event: AgentEvent }).event;
        expect(kind).toBe(one.kind === "text_delta" ? "text_delta" : "$unknown");
      }),
    );
  });

  test("keep narrowing", () => {
    const wire = { kind: "brand_new", payload: 1 };
    const read = readValue(readers, "AgentEvent", wire) as AgentEvent;
    expect(describeEvent(read)).toBe("brand_new has payload");
  });

  test("are found in arrays, maps, fields and variants", () => {
    const table: Readers = {
      Open: { variants: { a: null, b: "Holder" } },
      Holder: { fields: { list: { items: "Open" }, map: { values: "Open" } } },
    };
    const value = {
      kind: "b",
      list: [{ kind: "a" }, { kind: "x" }],
      map: { one: { kind: "y", deep: [1] } },
    };
    const read = readValue(table, "Open", structuredClone(value)) as typeof value;
    expect(read.list.map(({ kind }) => kind)).toEqual(["a", "$unknown"]);
    expect(read.map.one).toMatchObject({ kind: "$unknown", wireKind: "y", raw: { deep: [1] } });
    expect(JSON.parse(JSON.stringify(read))).toEqual(value);
  });

  test.each([null, 1, "x", [], {}, { kind: 1 }])("leave %j alone", (value) => {
    expect(readValue(readers, "AgentEvent", value)).toBe(value);
  });
});

function describeEvent(one: AgentEvent): string {
  switch (one.kind) {
    case "text_delta":
      return one.delta;
    case "$unknown":
      return `${one.wireKind} has ${Object.keys(one.raw).filter((field) => field !== "kind")}`;
    default:
      return one.kind;
  }
}
