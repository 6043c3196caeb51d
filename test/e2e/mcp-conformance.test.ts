import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type DaemonUnderTest, startFixtureDaemon } from "../conformance/mcp/fixture-daemon.js";
import {
  expectedFailures,
  type Revision,
  revisions,
  runSuite,
  type ScenarioResult,
} from "../conformance/mcp/suite.js";
import { documented, tableOf } from "../conformance/mcp/table.js";
import { startDaemon } from "../support/daemon.js";

/** What the command printed about what went wrong. */
const summaryOf = (output: string): string => output.slice(output.indexOf("=== SUMMARY"));

describe("[mcp.conformance] [field.conformance] with the suite's fixture on the daemon's own surface", () => {
  let daemon: DaemonUnderTest;

  beforeAll(async () => {
    daemon = await startFixtureDaemon();
  });
  afterAll(() => daemon?.[Symbol.asyncDispose]());

  test.each(revisions)("every scenario passes that revision %s requires", async (revision) => {
    const { code, scenarios, output } = await runSuite(daemon, revision);
    expect(scenarios.length).toBeGreaterThan(25);
    expect(scenarios.filter(({ passed, failed }) => failed.length > 0 || passed === 0)).toEqual([]);
    expect(code, summaryOf(output)).toBe(0);
  });
});

describe("[mcp.conformance.production] the daemon as it is", () => {
  const results = {} as Record<Revision, readonly ScenarioResult[]>;
  let daemon: DaemonUnderTest;

  beforeAll(async () => {
    daemon = await startDaemon();
  });
  afterAll(() => daemon?.[Symbol.asyncDispose]());

  test.each(revisions)(
    "fails of revision %s what is listed with its reason, and nothing else",
    async (revision) => {
      const { code, scenarios, output } = await runSuite(daemon, revision, expectedFailures(revision));
      results[revision] = scenarios;
      expect(code, summaryOf(output)).toBe(0);
    },
  );

  test("knows nothing of the fixture", () => {
    const built = readFileSync(new URL("../../dist/daemon-main.js", import.meta.url), "utf8");
    expect(built).toContain("comms://inbox/");
    expect(built).not.toMatch(/test_simple_text|test:\/\//);
  });

  test("docs say so; `npm run mcp-conformance -- --profile production --write` brings them up to date", () => {
    expect(documented().table).toBe(tableOf(results));
  });
});
