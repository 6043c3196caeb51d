import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { transform } from "esbuild";
import { expect, test } from "vitest";
import nodeVersion from "./entry/node-version.cjs";

const root = fileURLToPath(new URL("..", import.meta.url));

test.each(["node-version.cjs", "cli.cjs", "start.cjs", "test.cjs"])(
  "[daemon.old-node] old Nodes parse %s",
  async (name) => {
    const text = readFileSync(`${root}/scripts/entry/${name}`, "utf8");
    // What is not ES5 is rewritten for that target, or cannot be.
    const [old, modern] = await Promise.all([
      transform(text, { target: "es5" }),
      transform(text, { target: "esnext" }),
    ]);
    expect(old.code).toBe(modern.code);
  },
);

test("[daemon.old-node] every place that names the oldest Node names the same", () => {
  const { engines } = JSON.parse(readFileSync(`${root}/package.json`, "utf8"));
  expect(engines.node).toBe(`>=${nodeVersion.oldest}`);
  expect(nodeVersion.fits("24.15", "24.15.0")).toBe(true);
  expect(nodeVersion.fits("24.15", "25.0.0")).toBe(true);
  expect(nodeVersion.fits("24.15", "24.14.9")).toBe(false);
  expect(nodeVersion.fits("24.15", "8.17.0")).toBe(false);
});
