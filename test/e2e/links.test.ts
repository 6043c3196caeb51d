import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { parley, startParley } from "../support/cli.js";
import { startDaemon, type TestDaemon } from "../support/daemon.js";
import { untilLive } from "../support/hosts.js";
import { until } from "../support/wait.js";

const daemons: TestDaemon[] = [];
afterEach(async () => {
  for (const daemon of daemons.splice(0)) await daemon[Symbol.asyncDispose]();
});

async function start(): Promise<TestDaemon> {
  const daemon = await startDaemon();
  daemons.push(daemon);
  return daemon;
}

async function cli(
  daemon: TestDaemon,
  ...args: string[]
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return parley(daemon.env, args);
}

interface Listed {
  endpoints: { name: string; state: string; key_id: string; knows_key: boolean }[];
  key_id: string;
}

async function endpoints(daemon: TestDaemon): Promise<Listed> {
  return JSON.parse((await cli(daemon, "endpoint", "list", "--json")).stdout) as Listed;
}

/** Pairs over the command line: `b` accepts what `a` offers. */
async function pair(a: TestDaemon, b: TestDaemon, name: string): Promise<void> {
  const offered = await cli(a, "endpoint", "pair");
  expect(offered).toMatchObject({ code: 0 });
  const accepted = await cli(
    b,
    "endpoint",
    "pair",
    a.address,
    "--code",
    offered.stdout.trim(),
    "--name",
    name,
  );
  expect(accepted).toMatchObject({ code: 0, stdout: `paired with ${name}\n` });
  await linked(a);
  await linked(b);
}

function linked(daemon: TestDaemon): Promise<true> {
  return until("the link", async () => {
    const { endpoints: listed } = await endpoints(daemon);
    return listed.every(({ state }) => state === "connected") ? true : undefined;
  });
}

describe("[endpoints.daemons] two real daemons", () => {
  test("pair by the command line, keep their link over kill -9 of either, rotate keys and part", async () => {
    const a = await start();
    const b = await start();
    await pair(a, b, "office");
    for (const daemon of [a, b]) {
      await daemon.stop("SIGKILL");
      await daemon.restart();
      await linked(a);
      await linked(b);
    }
    const rotated = await cli(a, "endpoint", "rotate-keys", "--json");
    const { key_id: keyId } = JSON.parse(rotated.stdout) as { key_id: string };
    await until("the new key to be learned", async () =>
      (await endpoints(b)).endpoints[0]!.key_id === keyId ? true : undefined,
    );
    expect(await cli(b, "endpoint", "remove", "office")).toMatchObject({ code: 0 });
    await until("both to have parted", async () =>
      (await endpoints(a)).endpoints.length + (await endpoints(b)).endpoints.length === 0 ? true : undefined,
    );
  });

  test("say what went wrong and what to do", async () => {
    const a = await start();
    const b = await start();
    const wrong = await cli(b, "endpoint", "pair", a.address, "--code", "AAAA-AAAA");
    expect(wrong).toMatchObject({ code: 4, stderr: expect.stringContaining("parley endpoint pair") });
    expect(await cli(b, "endpoint", "pair", a.address)).toMatchObject({ code: 2 });
    expect(await cli(b, "endpoint", "pair", "http://127.0.0.1:9", "--code", "AAAA-AAAA")).toMatchObject({
      code: 7,
    });
    expect(await cli(b, "endpoint", "remove", "nobody")).toMatchObject({ code: 3 });
    const foreign = await fetch(`${a.address}/link`, { headers: { origin: "https://evil.test" } });
    expect(foreign.status).toBe(403);
    const plain = await fetch(`${a.address}/link`);
    expect(await plain.json()).toMatchObject({ code: "invalid_request" });
  });
});

test("[link.question] [cli.answer] a question of a host on another daemon is answered here, over a kill of either", async () => {
  const a = await start();
  const b = await start();
  const program = fileURLToPath(new URL("../../dist/cli.cjs", import.meta.url));
  const script = `echo "painted $("${process.execPath}" "${program}" ask "red or blue?")"`;
  const host = startParley(b.env, ["agent", "exec", "--name", "painter", "--", "sh", "-c", script]);
  try {
    await untilLive(b, "painter");
    await pair(a, b, "office");
    const name = await peerCalled(/^painter-/, a);
    // Another peer comes before the host in the list.
    await cli(a, "session", "open", "aaa", "--ttl", "5m");
    const sent = await cli(a, "send", name, "paint it", "--intent", "ask", "--json");
    const id: string = JSON.parse(sent.stdout).interaction_id;
    const shows = (text: string): Promise<true> =>
      until(text, async () => {
        const { stdout, stderr } = await cli(a, "stream", "--interaction", id, "--no-follow");
        return (stdout + stderr).includes(text) ? true : undefined;
      });
    await shows("? red or blue?");
    await a.stop("SIGKILL");
    await a.restart();
    expect(await cli(a, "answer", id, "blue")).toMatchObject({ code: 0 });
    await b.stop("SIGKILL");
    await b.restart();
    await shows("painted blue");
  } finally {
    await host.stop();
  }
});

describe("[link.daemons] agents on two real daemons", () => {
  test("see each other, ask and answer, and their message survives kill -9 of both", async () => {
    const a = await start();
    const b = await start();
    const hosts = [startParley(b.env, ["agent", "echo", "--name", "echo"])];
    try {
      await untilLive(b, "echo");
      await pair(a, b, "office");
      const name = await peerCalled(/^echo-/, a);
      const streamed = await cli(a, "send", name, "hello over there", "--stream", "--json");
      expect(streamed.code).toBe(0);
      const events = lines(streamed.stdout);
      expect(events[0]).toMatchObject({ kind: "peer_request_sent", delivery: { state: "queued" } });
      expect(events.slice(1).map((line) => (line.event as { kind: string }).kind)).toEqual([
        "interaction_started",
        "delivery_updated",
        "delivery_updated",
        "peer_response_received",
        "interaction_complete",
      ]);
      expect(events.at(-1)).toMatchObject({
        event: { kind: "interaction_complete", result: { body: "hello over there" } },
      });

      await b.stop("SIGKILL");
      const waiting = await cli(a, "send", name, "while you were away", "--intent", "ask", "--json");
      const receipt = JSON.parse(waiting.stdout) as { interaction_id: string };
      await a.stop("SIGKILL");
      await a.restart();
      await b.restart();
      await until("the answer", async () => {
        const read = await cli(a, "stream", "--interaction", receipt.interaction_id, "--no-follow", "--json");
        return read.stdout.includes("interaction_complete") ? true : undefined;
      });
      const read = await cli(a, "stream", "--interaction", receipt.interaction_id, "--no-follow", "--json");
      expect(read.stdout.match(/interaction_complete/g)).toHaveLength(1);
    } finally {
      await Promise.all(hosts.map((host) => host.stop()));
    }
  });

  test("three daemons, each with its own echo: names tell them apart", async () => {
    const [a, b, c] = [await start(), await start(), await start()];
    const hosts = [b, c].map((daemon) => startParley(daemon.env, ["agent", "echo", "--name", "echo"]));
    try {
      for (const daemon of [b, c]) await untilLive(daemon, "echo");
      for (const [daemon, called] of [
        [b, "office"],
        [c, "attic"],
      ] as const) {
        const offered = await cli(daemon, "endpoint", "pair");
        await cli(a, "endpoint", "pair", daemon.address, "--code", offered.stdout.trim(), "--name", called);
      }
      for (const name of ["echo-office", "echo-attic"]) {
        await until(name, async () =>
          (await cli(a, "peers", "--json")).stdout.includes(`"${name}"`) ? true : undefined,
        );
        const answer = await cli(a, "send", name, `to ${name}`, "--stream");
        expect(answer).toMatchObject({ code: 0, stdout: `to ${name}\n` });
      }
    } finally {
      await Promise.all(hosts.map((host) => host.stop()));
    }
  });
});

/** What the other daemon's session is called at `at`, once it is known there. */
function peerCalled(pattern: RegExp, at: TestDaemon): Promise<string> {
  return until("the peer", async () => {
    const { stdout } = await cli(at, "peers", "--json");
    const { peers } = JSON.parse(stdout) as { peers: { name: string }[] };
    return peers.find(({ name }) => pattern.test(name))?.name;
  });
}

function lines(text: string): Record<string, unknown>[] {
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
