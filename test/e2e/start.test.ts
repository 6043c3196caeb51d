import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parley } from "../support/cli.js";
import { startDaemon } from "../support/daemon.js";

test("[daemon.up-race] of daemons started at once one runs, and every start names it and succeeds", async () => {
  await using daemon = await startDaemon();
  await daemon.stop();
  const config = join(daemon.folder, "parley.toml");
  const starts = await Promise.all(
    [["--detach"], ["--detach"], ["--detach"]].map((flags) =>
      parley(daemon.env, ["up", ...flags, "--json", "--config", config]),
    ),
  );
  try {
    expect(starts.map(({ code, stderr }) => [code, stderr])).toEqual(starts.map(() => [0, ""]));
    const told = starts.map(({ stdout }) => JSON.parse(stdout));
    expect(new Set(told.map(({ pid }) => pid)).size).toBe(1);
    expect(told.filter(({ already_running }) => already_running === false)).toHaveLength(1);
  } finally {
    expect((await parley(daemon.env, ["stop"])).code).toBe(0);
  }
});

test("[daemon.start-cleanup] a start that fails after the store was opened closes everything and ends", async () => {
  await using daemon = await startDaemon();
  await daemon.stop();
  const config = join(daemon.folder, "nowhere.toml");
  // From the block for documentation: no machine has it.
  writeFileSync(config, '[server]\nhost = "203.0.113.1"\nport = 0\n');
  const { code, stderr } = await parley(daemon.env, ["up", "--detach", "--config", config]);
  expect(code).toBe(1);
  expect(stderr).toContain("EADDRNOTAVAIL");
  // The store is free again: nothing of the failed start holds it.
  await daemon.restart();
});
