import { setTimeout as pass } from "node:timers/promises";
import { localCall, startDaemon, type TestDaemon } from "../../support/daemon.js";

const ttlMs = 3_000;

/** Stops a real daemon for twice as long as its hosts' leases last; what was lost by that. */
export async function stoppedDaemon(): Promise<string[]> {
  await using daemon = await startDaemon();
  const holder = { name: "bob", lease_token: "the-token-of-bob", ttl_ms: ttlMs };
  const post = (path: string, body: object): ReturnType<typeof localCall> =>
    localCall(daemon.socketPath, "POST", path, body);
  await post("/sessions", holder);
  await stop(daemon, 2 * ttlMs);
  // The rival's call lay in the socket while the daemon stood still, the holder's comes after it.
  const rival = await post("/sessions", { name: "bob", lease_token: "the-token-of-a-rival", ttl_ms: ttlMs });
  const again = await post("/sessions", holder);
  const wrong: string[] = [];
  if (rival.status < 400) wrong.push("a rival got the name of a host that was there all the time");
  if (again.status >= 400) wrong.push(`the host was refused: ${JSON.stringify(again.body)}`);
  return wrong;
}

async function stop(daemon: TestDaemon, ms: number): Promise<void> {
  process.kill(daemon.pid, "SIGSTOP");
  try {
    await pass(ms);
  } finally {
    process.kill(daemon.pid, "SIGCONT");
  }
}
