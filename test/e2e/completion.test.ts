import { spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { parley } from "../support/cli.js";
import { startDaemon } from "../support/daemon.js";

test("[cli.completion] bash completes commands and the names of peers, and is quiet without a daemon", async () => {
  await using daemon = await startDaemon();
  const opened = await parley(daemon.env, ["session", "open", "planner"]);
  expect(opened.code).toBe(0);
  const bin = join(daemon.folder, "bin");
  mkdirSync(bin);
  symlinkSync(fileURLToPath(new URL("../../dist/cli.cjs", import.meta.url)), join(bin, "parley"));
  const completed = (env: NodeJS.ProcessEnv, ...words: string[]): string[] => {
    const script = `source <(parley completion bash); COMP_WORDS=(parley "$@"); COMP_CWORD=$#; _parley; printf '%s\\n' "\${COMPREPLY[@]}"`;
    // Without --norc bash reads the system's start-up file when stdin is a socket, as it is here.
    const { status, stdout, stderr } = spawnSync("bash", ["--norc", "-eu", "-c", script, "bash", ...words], {
      env: { ...env, PATH: `${bin}:${join(process.execPath, "..")}:${process.env.PATH}` },
      encoding: "utf8",
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    return stdout.split("\n").filter((word) => word !== "");
  };
  expect(completed(daemon.env, "sess")).toEqual(["session"]);
  expect(completed(daemon.env, "send", "pl")).toEqual(["planner"]);
  const nowhere = {
    ...daemon.env,
    XDG_STATE_HOME: join(daemon.folder, "none"),
    XDG_RUNTIME_DIR: join(daemon.folder, "none"),
  };
  expect(completed(nowhere, "send", "pl")).toEqual([]);
});
