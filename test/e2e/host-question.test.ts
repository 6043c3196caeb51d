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

test("[sdk.host-question] a host's question is answered by parley answer while the daemon is killed in between", async () => {
  const client = createClient({ baseUrl: daemon.address, token: daemon.token });
  const host = client.host("painter");
  void host.serve(async (_, turn) => `painted ${await turn.ask("red or blue?")}`);
  await untilLive(daemon, "painter");
  const sent = await parley(daemon.env, ["send", "painter", "paint it", "--intent", "ask", "--json"]);
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
  await host.stop();
  await client.close();
});
