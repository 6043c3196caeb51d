// `npm test`: installs what the tests need, runs every gate and test of both languages, prints the counts.
// `npm test -- unit e2e` runs only the suites that are named.
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { ensureInstalled, projectEnv, projectNode, root, run } from "./setup.mjs";

const wanted = process.argv.slice(2);
const totals = { passed: 0, failed: 0, skipped: 0 };
const report = [];
// Colours are for terminals; CI keeps the text.
if (!process.stdout.isTTY) process.env.NO_COLOR = "1";
const results = join(root, ".cache/results");
rmSync(results, { recursive: true, force: true });
mkdirSync(results, { recursive: true });

await suite("install", async () => {
  ensureInstalled();
  const { ensurePython, ensureTools } = await import("./python-env.mjs");
  const { cannotInstall } = await import("./apt.mjs");
  const { ensureChromium } = await import("./chromium.mjs");
  const { ensureFuse } = await import("./fuse.mjs");
  const python = ensurePython();
  const chromium = ensureChromium();
  if (chromium === undefined) console.log(`SKIPPED browser tests: chromium is missing and ${cannotInstall}`);
  const noPowerCuts = isWanted("faults") ? ensureFuse() : undefined;
  if (noPowerCuts !== undefined) console.log(noPowerCuts);
  process.env.PARLEY_TEST_PYTHON = python.python;
  process.env.PARLEY_TEST_TOOLS = dirname(ensureTools().python);
  process.env.PARLEY_TEST_CHROMIUM = chromium ?? "";
});
const node = projectNode();
await suite("build", () => step("build", [join(root, "scripts/build.mjs")]), true);
await suite("codegen", () => step("codegen", ["--import", "./scripts/ts.mjs", "codegen/main.ts", "--check"]));
await suite("lint", () => step("lint", ["node_modules/@biomejs/biome/bin/biome", "ci", "."]));
await suite("types", async () => {
  const checked = ["tsconfig.json", "console/tsconfig.json"].map((project) =>
    step(`types of ${project}`, ["node_modules/typescript/bin/tsc", "--noEmit", "-p", project]),
  );
  return sum(await Promise.all(checked));
});
await suite("unit", () => vitest("unit"));
await suite("gates", () => vitest("gates"));
await suite("vectors", () => vitest("vectors"));
await suite("python", () => pytest());
await suite("e2e", () => vitest("e2e"));
await suite("faults", () => vitest("faults"));

console.log("\nsuite      seconds  passed  failed  skipped");
for (const row of report) {
  console.log(
    `${row.name.padEnd(10)} ${row.seconds.toFixed(1).padStart(7)} ${String(row.passed).padStart(7)} ${String(row.failed).padStart(7)} ${String(row.skipped).padStart(8)}`,
  );
}
console.log(
  `${totals.passed} passed, ${totals.failed} failed${totals.skipped > 0 ? `, ${totals.skipped} skipped` : ""}`,
);
process.exitCode = totals.failed > 0 ? 1 : 0;

function isWanted(name) {
  return wanted.length === 0 || wanted.includes(name);
}

async function suite(name, body, fatal = false) {
  if (name !== "install" && name !== "build" && !isWanted(name)) return;
  const started = Date.now();
  console.log(`\n== ${name}`);
  const counts = (await body()) ?? { passed: 0, failed: 0, skipped: 0 };
  for (const key of Object.keys(totals)) totals[key] += counts[key];
  report.push({ name, seconds: (Date.now() - started) / 1000, ...counts });
  if (fatal && counts.failed > 0) {
    console.log(`${totals.passed} passed, ${totals.failed} failed`);
    process.exit(1);
  }
}

function sum(counts) {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const one of counts) for (const key of Object.keys(total)) total[key] += one[key];
  return total;
}

/** A command that is one check: it passes or fails as a whole. */
async function step(name, args) {
  const code = await run(node, args);
  if (code !== 0) console.error(`${name} failed with exit code ${code}`);
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
}

async function vitest(project) {
  const file = join(results, `${project}.json`);
  const code = await run(node, [
    "node_modules/vitest/vitest.mjs",
    "run",
    "--project",
    project,
    "--reporter=dot",
    "--reporter=json",
    `--outputFile.json=${file}`,
  ]);
  if (!existsSync(file)) return { passed: 0, failed: 1, skipped: 0 };
  const json = JSON.parse(readFileSync(file, "utf8"));
  // A file that fails to load has no tests to count; the exit code still tells.
  const failed = Math.max(json.numFailedTests, code === 0 ? 0 : 1);
  return { passed: json.numPassedTests, failed, skipped: json.numPendingTests + json.numTodoTests };
}

async function pytest() {
  const file = join(results, "pytest.xml");
  const code = await run(process.env.PARLEY_TEST_PYTHON, ["-m", "pytest", "-q", "--junitxml", file], {
    cwd: join(root, "sdks/python"),
    env: projectEnv(),
  });
  if (!existsSync(file)) return { passed: 0, failed: 1, skipped: 0 };
  const sums = { tests: 0, failures: 0, errors: 0, skipped: 0 };
  for (const [, tag] of readFileSync(file, "utf8").matchAll(/<testsuite ([^>]*)>/g)) {
    for (const key of Object.keys(sums))
      sums[key] += Number(new RegExp(`\\b${key}="(\\d+)"`).exec(tag)?.[1] ?? 0);
  }
  const failed = Math.max(sums.failures + sums.errors, code === 0 ? 0 : 1);
  return { passed: sums.tests - sums.failures - sums.errors - sums.skipped, failed, skipped: sums.skipped };
}
