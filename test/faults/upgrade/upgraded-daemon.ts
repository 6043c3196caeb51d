import { join } from "node:path";
import { localCall, startDaemon, type TestDaemon } from "../../support/daemon.js";
import { type Program, root } from "./contract-tree.js";
import { storeBytes } from "./judge-migration.js";

const messages = 20;

/**
 * A daemon is killed, upgraded on its own folders, and put back: everything is there, and the earlier program says that
 * it is too old and touches nothing. What went otherwise.
 */
export async function upgradedDaemon(next: Program): Promise<string[]> {
  const broken: string[] = [];
  await using daemon = await startDaemon();
  const opening = { name: "bob", ttl_ms: 600_000, lease_token: "the-token-of-bob" };
  await expectOk(daemon, "/sessions", opening);
  for (let n = 0; n < messages; n += 1) await send(daemon, n);
  await daemon.stop("SIGKILL");

  await daemon.restart(next.root);
  for (let n = 0; n < messages; n += 5)
    if (!(await send(daemon, n)).deduplicated)
      broken.push(`message ${n} was accepted again after the upgrade`);
  await send(daemon, messages);
  const drain = { lease_token: opening.lease_token, max: 64, wait_ms: 0 };
  const { interactions } = (await expectOk(daemon, "/sessions/bob/drain", drain)) as {
    interactions: { body: string }[];
  };
  const kept = interactions.map(({ body }) => body).join();
  const sent = Array.from({ length: messages + 1 }, (_, n) => `message ${n}`).join();
  if (kept !== sent) broken.push(`after the upgrade the inbox held ${kept}`);
  await daemon.stop("SIGKILL");

  const store = join(daemon.env.XDG_DATA_HOME!, "parley/parley.db");
  const before = storeBytes(store);
  const refusal = await daemon.restart(root).then(
    () => "it started",
    (error: Error) => error.message,
  );
  if (!refusal.includes("ended with 1") || !refusal.includes("start a newer Parley"))
    broken.push(`the earlier program on the newer store: ${refusal}`);
  if (storeBytes(store) !== before) broken.push("the earlier program changed the newer store");

  await daemon.restart(next.root);
  if (!(await send(daemon, messages)).deduplicated) broken.push("a message was lost by the way back");
  return broken;
}

async function send(daemon: TestDaemon, n: number): Promise<{ deduplicated: boolean }> {
  const options = { idempotency_key: `key ${n}` };
  const command = { kind: "peer_message", to: "bob", body: `message ${n}`, options };
  return (await expectOk(daemon, "/comms/send", command)) as { deduplicated: boolean };
}

async function expectOk({ socketPath }: TestDaemon, path: string, request: object): Promise<unknown> {
  const { status, body } = await localCall(socketPath, "POST", path, request);
  if (status >= 300) throw new Error(`${path} gave ${status}: ${JSON.stringify(body)}`);
  return body;
}
