import { localCall, startDaemon, type TestDaemon } from "../../support/daemon.js";
import { until } from "../../support/wait.js";
import type { FaultRun } from "../kit/fault-run.js";
import { hostileBodies } from "./bodies.js";
import { malformedRequests } from "./bytes.js";
import { impatient, slowClients, unreadStreams, vanishingClients } from "./slow.js";
import { walk } from "./walk.js";
import { watch } from "./watch.js";
import { hostileFrames } from "./web-socket.js";

const MiB = 1024 * 1024;
const vanishing = 10_000;
/** Memory that a busy process may keep after everybody is gone: what the collector has not given back yet. */
const slack = 96 * MiB;

export const faultRun: FaultRun = {
  id: "a14",
  promise: "Whatever is sent is refused typed or cut, and nothing of it stays.",
  long: 10,
  short: 1,
  async run({ cycles, progress }) {
    await using daemon = await startDaemon({ config: impatient });
    const port = Number(new URL(daemon.address).port);
    const process = watch(daemon);
    const broken: string[] = [];
    let asked = 0;
    let stall = 0;
    const take = (part: { cases: number; broken: string[] }): void => {
      asked += part.cases;
      broken.push(...part.broken);
    };
    const deadTokens = await makeDeadTokens(daemon);
    const page = await signIn(daemon);
    let before = { rss: process.rss(), fds: process.fds() };
    let unread = 0;
    for (let cycle = 0; cycle < cycles; cycle += 1) {
      const flaws = broken.length;
      take(await malformedRequests(port, daemon.token));
      take(await hostileBodies(port, daemon.token));
      take(await hostileFrames(port, daemon.token));
      const { walked, broken: unrefused } = await walk({ port, token: daemon.token, deadTokens, page });
      take({ cases: walked, broken: unrefused });
      broken.push(...(await slowClients(daemon)));
      if (cycle === 0) {
        const { growth, broken: held } = await unreadStreams(daemon, process);
        unread = growth;
        broken.push(...held);
        // From here on the working set is what it will be.
        before = { rss: process.rss(), fds: process.fds() };
      }
      await vanishingClients(daemon, vanishing);
      await process.settled(before.fds);
      stall = Math.max(stall, await process.stall());
      if (broken.length > flaws) broken.push(`(those since number ${flaws + 1} in cycle ${cycle})`);
      progress?.(cycle + 1);
    }
    const growth = process.rss() - before.rss;
    if (growth > slack) broken.push(`memory grew by ${Math.round(growth / MiB)} MiB`);
    const { status } = await localCall(daemon.socketPath, "GET", "/healthz");
    if (status !== 200) broken.push(`the daemon is not healthy afterwards: ${status}`);
    return {
      figures: {
        requests_refused: asked,
        vanished: vanishing * cycles,
        fds_over_baseline: process.fds() - before.fds,
        rss_growth_mib: Math.round(growth / MiB),
        unread_48_streams_mib: Math.round(unread / MiB),
        longest_stall_ms: Math.round(stall),
      },
      broken,
    };
  },
};

/** The two secrets of a browser's sign-in. */
async function signIn({ socketPath, address }: TestDaemon): Promise<{ cookie: string; pageKey: string }> {
  const { body } = await localCall(socketPath, "POST", "/auth/tickets", {});
  const answer = await fetch(`${address}/auth/sign-in`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: address },
    body: JSON.stringify({ ticket: (body as { ticket: string }).ticket }),
  });
  const { page_key: pageKey } = (await answer.json()) as { page_key: string };
  return { cookie: answer.headers.getSetCookie()[0]!.split(";")[0]!, pageKey };
}

/** Tokens that were good once or never. */
async function makeDeadTokens(daemon: TestDaemon): Promise<Record<string, string>> {
  const make = async (name: string, more: object = {}) => {
    const { body } = await localCall(daemon.socketPath, "POST", "/tokens", {
      name,
      scopes: ["system:read"],
      ...more,
    });
    return body as { secret: string; token: { token_id: string } };
  };
  const revoked = await make("revoked");
  await localCall(daemon.socketPath, "DELETE", `/tokens/${revoked.token.token_id}`);
  const expired = await make("expired", { ttl_ms: 1_000 });
  await until("a token to expire", async () => {
    const { status } = await localCall(daemon.socketPath, "GET", "/status", undefined, {
      authorization: `Bearer ${expired.secret}`,
    });
    return status === 401 ? true : undefined;
  });
  return {
    revoked: revoked.secret,
    expired: expired.secret,
    "one letter wrong": daemon.token.replace(/.$/, (last) => (last === "a" ? "b" : "a")),
    garbage: "x",
  };
}
