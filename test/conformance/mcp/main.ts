import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { startDaemon } from "../../support/daemon.js";
import { startFixtureDaemon } from "./fixture-daemon.js";
import { expectedFailures, type Revision, revisions, runSuite, type ScenarioResult } from "./suite.js";
import { documented, tableOf } from "./table.js";

/**
 * Runs MCP's conformance suite: `--profile mcp-conformance` (default) against the daemon with the suite's fixture,
 * `--profile production` against the daemon as it is; then `--write` brings the table in docs up to what came out.
 */
const { values } = parseArgs({
  options: { profile: { type: "string", default: "mcp-conformance" }, write: { type: "boolean" } },
});
const production = values.profile === "production";
if (!production && values.profile !== "mcp-conformance")
  throw new Error(`there is no profile ${values.profile}`);
await using daemon = production ? await startDaemon() : await startFixtureDaemon();
const results = {} as Record<Revision, readonly ScenarioResult[]>;
for (const revision of revisions) {
  const { code, scenarios, output } = await runSuite(
    daemon,
    revision,
    production ? expectedFailures(revision) : undefined,
  );
  results[revision] = scenarios;
  const passed = scenarios.filter(({ failed }) => failed.length === 0).length;
  process.stdout.write(`${output.slice(output.indexOf("=== SUMMARY"))}\n`);
  process.stdout.write(
    `${values.profile}, ${revision}: ${passed} of ${scenarios.length} required scenarios pass; the suite ends with ${code}\n\n`,
  );
  process.exitCode ||= code ?? 1;
}
if (production && values.write === true) {
  const { file, withTable } = documented();
  writeFileSync(file, withTable(tableOf(results)));
}
