import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { catalogue } from "../../src/cli/local/doctor/catalogue.js";

const page = readFileSync(new URL("../../docs/troubleshooting.md", import.meta.url), "utf8");

test("[doctor.docs] the page on troubles has each finding of the doctor, as it says it, and no other", () => {
  const rows = page.split("\n").filter((line) => /^\| `[a-z0-9-]+` \| (note|warning|problem) \|/.test(line));
  const expected = Object.entries(catalogue).map(
    ([id, { state, why, fix }]) => `| \`${id}\` | ${state} | ${why} | ${fix} |`,
  );
  expect(rows).toEqual(expected);
});

test("[doctor.docs] each finding says in full what to type", () => {
  for (const [id, { why, fix }] of Object.entries(catalogue)) {
    expect(why, id).toMatch(/^[A-Z`].*\.$/);
    expect(fix.length, id).toBeGreaterThan(10);
  }
});
