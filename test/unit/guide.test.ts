import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

/** First cells of the table below the line that begins so. */
function firstCells(page: string, header: string): string[] {
  const lines = page.split("\n");
  const at = lines.findIndex((line) => line.startsWith(header));
  const end = lines.findIndex((line, index) => index > at && !line.startsWith("|"));
  return lines.slice(at + 2, end).map((line) => /^\| `([a-z_]+)`/.exec(line)?.[1] ?? line);
}

test("[docs.states] the guide tells of every delivery state of the contract, and of no other", () => {
  const { DeliveryState } = JSON.parse(read("schemas/common/types.json")).$defs;
  expect(firstCells(read("docs/guide.md"), "| state | what is so").toSorted()).toEqual(
    DeliveryState.enum.toSorted(),
  );
});

test("[docs.errors] the page on troubles names only errors that there are", () => {
  const { errors } = JSON.parse(read("schemas/errors.json"));
  const codes = errors.map(({ code }: { code: string }) => code);
  const told = firstCells(read("docs/troubleshooting.md"), "| code | why |");
  expect(told.length).toBeGreaterThan(10);
  expect(told.filter((code) => !codes.includes(code))).toEqual([]);
});
