import { spawn } from "node:child_process";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createClient } from "../../sdks/typescript/src/index.js";
import { parley } from "../support/cli.js";
import { startDaemon, type TestDaemon } from "../support/daemon.js";
import { untilLive } from "../support/hosts.js";
import { until } from "../support/wait.js";

let daemon: TestDaemon;
beforeAll(async () => {
  daemon = await startDaemon();
});
afterAll(() => daemon[Symbol.asyncDispose]());

const python = process.env.PARLEY_TEST_PYTHON;
const sync = "lambda interaction, turn: f\"painted {turn.ask('red or blue?')}\"";
const async = `async def work(interaction, turn):
        return "painted " + await turn.ask("red or blue?")`;

/** A Python host as a program; `PARLEY_TEST_URL` and `PARLEY_TEST_TOKEN` name the daemon. */
const programs = {
  sync: `import os
from parley import Parley
with Parley(base_url=os.environ["PARLEY_TEST_URL"], token=os.environ["PARLEY_TEST_TOKEN"]) as client:
    client.host("painter-sync").serve(${sync})
`,
  async: `import asyncio, os
from parley import AsyncParley
async def main():
    ${async}
    async with AsyncParley(base_url=os.environ["PARLEY_TEST_URL"], token=os.environ["PARLEY_TEST_TOKEN"]) as client:
        await client.host("painter-async").serve(work)
asyncio.run(main())
`,
};

/** Asks the host and answers its question; the daemon is killed before and after the answer. */
async function answeredOverKills(name: string): Promise<void> {
  await untilLive(daemon, name);
  const sent = await parley(daemon.env, ["send", name, "paint it", "--intent", "ask", "--json"]);
  const id: string = JSON.parse(sent.stdout).interaction_id;
  const read = (): Promise<string> =>
    parley(daemon.env, ["stream", "--interaction", id, "--no-follow"]).then(
      ({ stdout, stderr }) => stdout + stderr,
    );
  await until("the question", async () => ((await read()).includes("? red or blue?") ? true : undefined));
  await daemon.stop("SIGKILL");
  await daemon.restart();
  expect(await parley(daemon.env, ["answer", id, "blue"])).toMatchObject({ code: 0 });
  await daemon.stop("SIGKILL");
  await daemon.restart();
  await until("the result", async () => ((await read()).includes("painted blue") ? true : undefined));
}

test("[sdk.host-question] a host's question is answered by parley answer while the daemon is killed in between", async () => {
  const client = createClient({ baseUrl: daemon.address, token: daemon.token });
  const host = client.host("painter");
  void host.serve(async (_, turn) => `painted ${await turn.ask("red or blue?")}`);
  await answeredOverKills("painter");
  await host.stop();
  await client.close();
});

test.runIf(python !== undefined).each(["sync", "async"] as const)(
  "[py.host-question] a question of the %s Python host is answered over kills of the daemon",
  async (style) => {
    const env = { ...daemon.env, PARLEY_TEST_URL: daemon.address, PARLEY_TEST_TOKEN: daemon.token };
    const host = spawn(python!, ["-c", programs[style]], { env, stdio: "ignore" });
    try {
      await answeredOverKills(`painter-${style}`);
    } finally {
      host.kill("SIGKILL");
    }
  },
);
