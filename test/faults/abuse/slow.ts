import { localCall, type TestDaemon } from "../../support/daemon.js";
import { until } from "../../support/wait.js";
import { frame, opcode, openSocket } from "./frames.js";
import { flawOf, shortOf } from "./judge.js";
import { http, RawClient } from "./raw-client.js";
import { counts, type Watch } from "./watch.js";

/** Limits that make slow clients late soon; for the daemon's configuration. */
export const impatient = "[limits]\nheader_timeout_ms = 400\nrequest_timeout_ms = 800\n";

const MiB = 1024 * 1024;

/** Heads and bodies that never come whole, many at once: each is told so and cut. */
export async function slowClients(daemon: TestDaemon): Promise<string[]> {
  const port = portOf(daemon);
  const auth = `Authorization: Bearer ${daemon.token}\r\n`;
  const starts: Record<string, string> = {
    "half a request line": "GET /ver",
    "half a head": `GET /version HTTP/1.1\r\nHost: localhost\r\n${auth}X: `,
    "half a body": `POST /comms/send HTTP/1.1\r\nHost: localhost\r\n${auth}Content-Type: application/json\r\nContent-Length: 500\r\n\r\n{"kind"`,
    "half a chunk": `POST /comms/send HTTP/1.1\r\nHost: localhost\r\n${auth}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1f4\r\n{"kind"`,
    "half a handshake": "GET /rpc HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: webs",
  };
  const attempts = Object.entries(starts).flatMap(([name, bytes]) =>
    Array.from({ length: 20 }, async () => {
      using client = new RawClient({ port });
      await client.opened;
      client.write(bytes);
      const { replies, closed, hung } = await client.replies(Number.POSITIVE_INFINITY);
      const got = replies.map((reply) => flawOf(reply) ?? shortOf(reply)).join(" ");
      return closed && got === "408 invalid_request"
        ? undefined
        : `${name}: got ${got || "nothing"}${hung ? ", no end" : ""}`;
    }),
  );
  // The same from clients that never stop sending, a byte at a time.
  const dribblers = Array.from({ length: 20 }, async () => {
    using client = new RawClient({ port });
    await client.opened;
    client.write("GET /version HTTP/1.1\r\nHost: localhost\r\nX: ");
    const timer = setInterval(() => client.write("x"), 40);
    const { replies, closed } = await client.replies(Number.POSITIVE_INFINITY);
    clearInterval(timer);
    return closed && replies[0]?.status === 408 ? undefined : `a dribbled head: got ${replies[0]?.status}`;
  });
  const found = await Promise.all([...attempts, ...dribblers]);
  return [...new Set(found.filter((flaw) => flaw !== undefined))];
}

/** Readers that ask for much and read nothing: what waits for each stays within its bound. */
export async function unreadStreams(
  daemon: TestDaemon,
  watch: Watch,
): Promise<{ growth: number; broken: string[] }> {
  const port = portOf(daemon);
  const readers = 24;
  const sessionId = await longLog(daemon);
  const before = watch.rss();
  const clients: RawClient[] = [];
  for (let n = 0; n < readers; n += 1) {
    const client = new RawClient({ port });
    clients.push(client);
    await client.opened;
    client.socket.pause();
    const path = `/comms/stream?scope=session&session_id=${sessionId}&after_sequence=0`;
    client.write(http("GET", path, [["Authorization", `Bearer ${daemon.token}`]]));
    const socket = await openSocket(port, daemon.token);
    clients.push(socket);
    socket.socket.pause();
    const params = { scope: { kind: "session", session_id: sessionId }, after_sequence: 0 };
    socket.write(
      frame(opcode.text, JSON.stringify({ jsonrpc: "2.0", id: 1, method: "comms/stream_open", params })),
    );
    // Answers that nobody takes away are as good as events.
    for (let id = 2; id < 200; id += 1)
      socket.write(frame(opcode.text, JSON.stringify({ jsonrpc: "2.0", id, method: "rpc.discover" })));
  }
  await until("the readers to be served", async () =>
    (await counts(daemon)).connections === readers ? true : undefined,
  );
  // Others are answered as if nobody held anything up, and by then the readers have what they will get.
  const broken: string[] = [];
  for (let n = 0; n < 50; n += 1) {
    const { status } = await localCall(daemon.socketPath, "GET", "/comms/peers");
    if (status !== 200) broken.push(`a bystander of unread streams got ${status}`);
  }
  const growth = watch.rss() - before;
  // What may wait for each is 1 MiB; as much again may be in the making.
  const bound = clients.length * 2 * MiB;
  if (growth > bound) broken.push(`${clients.length} unread streams hold ${Math.round(growth / MiB)} MiB`);
  for (const client of clients) client.socket.resetAndDestroy();
  await until("the streams to be gone", async () => {
    const { connections, streams } = await counts(daemon);
    return connections + streams === 0 ? true : undefined;
  });
  return { growth, broken };
}

/** A session with some megabytes of events; its id. */
async function longLog(daemon: TestDaemon): Promise<string> {
  const opened = await localCall(daemon.socketPath, "POST", "/sessions", {
    name: "loud",
    lease_token: "the-only-holder-of-loud",
    ttl_ms: 86_400_000,
  });
  const params = { text: "x".repeat(40_000) };
  for (let n = 0; n < 200; n += 1)
    await localCall(daemon.socketPath, "POST", "/comms/send", {
      kind: "peer_request",
      to: "loud",
      intent: "ask",
      params,
    });
  return (opened.body as { session: { session_id: string } }).session.session_id;
}

/** Clients that open and vanish in every state of a connection; tells how many. */
export async function vanishingClients(daemon: TestDaemon, total: number): Promise<void> {
  const port = portOf(daemon);
  const auth: [string, string] = ["Authorization", `Bearer ${daemon.token}`];
  const whole = http("GET", "/status", [auth]);
  const upgrade = http("GET", "/rpc", [
    auth,
    ["Connection", "Upgrade"],
    ["Upgrade", "websocket"],
    ["Sec-WebSocket-Version", "13"],
    ["Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="],
  ]);
  const body = http(
    "POST",
    "/comms/send",
    [auth, ["Content-Type", "application/json"], ["Content-Length", "90000"]],
    "{",
  );
  const states: readonly (Buffer | undefined)[] = [undefined, whole.subarray(0, 30), whole, upgrade, body];
  const batch = 250;
  for (let done = 0; done < total; done += batch) {
    await Promise.all(
      Array.from({ length: batch }, async (_, n) => {
        using client = new RawClient({ port });
        await client.opened;
        const bytes = states[n % states.length];
        if (bytes !== undefined) client.write(bytes);
        // The bytes leave before the connection does.
        await new Promise<void>((resolve) => setImmediate(resolve));
        if (n % 2 === 0) client.socket.resetAndDestroy();
      }),
    );
  }
}

function portOf(daemon: TestDaemon): number {
  return Number(new URL(daemon.address).port);
}
