import { describe, expect, test } from "vitest";
import { expectHeld } from "../kit/short-form.js";
import type { Answer } from "./answer.js";
import type { FuzzCase } from "./case.js";
import { judge, type Said } from "./judge.js";
import { faultRun } from "./run.js";
import type { World } from "./world.js";

test("[fuzz.typed] no input makes the daemon crash, fail inside, hang or grow; all surfaces judge it alike", async () => {
  await expectHeld(faultRun);
});

describe("[fuzz.sees] the judge finds", () => {
  const world: World = { letter: "a", token: "", weakToken: "", values: { name: "a-one0" } };
  const peers: FuzzCase = { operation: "comms.peers", text: "{}", acting: false, weak: false };
  const wrong: FuzzCase = { ...peers, text: '{"x":1}' };
  const ok: Answer = { response: { peers: [], generation: 1 } };
  const refusal = (code: string): Answer => ({
    error: JSON.stringify({
      code,
      message: "m",
      details: [],
      retryable: false,
      request_id: "01234567-89ab-7def-8123-456789abcdef",
    }),
  });
  const found = (input: FuzzCase, ...answers: Answer[]): string[] =>
    judge(
      input,
      answers.map((answer, n): Said => ({ surface: `s${n}`, world, answer })),
    );

  test("nothing where nothing is wrong", () => {
    expect(found(peers, ok, ok)).toEqual([]);
    expect(found(wrong, refusal("invalid_request"), refusal("invalid_request"))).toEqual([]);
    expect(found({ ...peers, text: "{" }, refusal("parse_error"))).toEqual([]);
  });

  test.each<[string, FuzzCase, Answer, RegExp]>([
    ["a failure inside", peers, refusal("internal"), /internal from the daemon/],
    ["silence", peers, { flaw: "no answer" }, /no answer/],
    ["what should have been refused", wrong, ok, /accepted what invalid_request should refuse/],
    ["another refusal", wrong, refusal("parse_error"), /parse_error instead of invalid_request/],
    ["a refusal that the operation does not have", peers, refusal("fence_stale"), /does not declare/],
    ["a response without a field", peers, { response: { peers: [] } }, /not the contract's/],
  ])("%s", (_, input, answer, expected) => {
    expect(found(input, answer)).toEqual([expect.stringMatching(expected)]);
  });

  test("surfaces that do not agree", () => {
    expect(found(peers, ok, refusal("permission_denied"))).toEqual([
      expect.stringMatching(/s0 say ok, s1 say permission_denied/),
    ]);
  });
});
