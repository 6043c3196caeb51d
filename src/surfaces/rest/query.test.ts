import { describe, expect, test } from "vitest";
import { restRoutes } from "../../generated/rest.js";
import type { ContractError } from "../../kernel/contract-error.js";
import { decodeQuery } from "./query.js";

const fields = restRoutes.find(({ operation }) => operation === "comms.stream")!.queryFields;
const id = "0199f3a0-4c3e-7a10-8f11-6a1d2c3b4e5f";

describe("the query string", () => {
  test.each([
    ["nothing", "/comms/stream", {}],
    ["an empty query", "/comms/stream?", {}],
    [
      "a union laid flat",
      `/x?scope=session&session_id=${id}`,
      { scope: { kind: "session", session_id: id } },
    ],
    [
      "the union's fields first",
      `/x?session_id=${id}&scope=session`,
      { scope: { kind: "session", session_id: id } },
    ],
    ["declared types", "/x?after_sequence=17&follow=false", { after_sequence: 17, follow: false }],
    ["zero", "/x?after_sequence=0", { after_sequence: 0 }],
    ["encoded text", "/x?resume_of=a%20b+c%C3%A4", { resume_of: "a b cä" }],
    ["empty pairs", "/x?&&follow=true&", { follow: true }],
  ])("[rest.query] %s", (_name, url, expected) => {
    expect(decodeQuery(url, fields)).toEqual(expected);
  });

  test.each(["1.0", "01", "+1", "1e3", "0x10", " 1", "", "-0", "9007199254740993", "one"])(
    "[rest.query-types] %j is no whole number and stays text",
    (text) => {
      expect(decodeQuery(`/x?after_sequence=${encodeURIComponent(text)}`, fields)).toEqual({
        after_sequence: text,
      });
    },
  );

  test.each(["1", "TRUE", "yes", ""])("[rest.query-types] %j is no truth value and stays text", (text) => {
    expect(decodeQuery(`/x?follow=${text}`, fields)).toEqual({ follow: text });
  });

  test("[rest.query-errors] unknown, repeated and undecodable fields are told together, sorted", () => {
    let error: ContractError | undefined;
    try {
      decodeQuery("/x?zebra=1&follow=true&follow=false&ant=%ff&__proto__=1", fields);
    } catch (thrown) {
      error = thrown as ContractError;
    }
    expect(error?.code).toBe("invalid_request");
    expect(error?.details).toEqual([
      { field: "__proto__", issue: "unknown_field", expected: "absent", got: "string" },
      { field: "ant", issue: "invalid_value", expected: "percent-encoded UTF-8", got: "something else" },
      { field: "follow", issue: "invalid_value", expected: "given once", got: "repeated" },
      { field: "zebra", issue: "unknown_field", expected: "absent", got: "string" },
    ]);
  });
});
