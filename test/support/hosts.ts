import { localCall, type TestDaemon } from "./daemon.js";
import { until } from "./wait.js";

/** Waits until the session has a live holder. */
export async function untilLive(daemon: TestDaemon, name: string): Promise<void> {
  await until(`session ${name} to be live`, async () => {
    const { status, body } = await localCall(daemon.socketPath, "GET", `/sessions/${name}`);
    return status === 200 && (body as { session: { state: string } }).session.state === "live"
      ? true
      : undefined;
  });
}
