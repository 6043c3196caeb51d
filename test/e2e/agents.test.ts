import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parley, type RunningCli, startParley } from "../support/cli.js";
import { startDaemon, type TestDaemon } from "../support/daemon.js";
import { untilLive } from "../support/hosts.js";
import { until } from "../support/wait.js";

let daemon: TestDaemon;
const hosts: RunningCli[] = [];

beforeAll(async () => {
  daemon = await startDaemon();
});
afterAll(async () => {
  await Promise.all(hosts.map((host) => host.stop()));
  await daemon?.[Symbol.asyncDispose]();
});

async function host(name: string, args: string[]): Promise<void> {
  hosts.push(startParley(daemon.env, args));
  await untilLive(daemon, name);
}

describe("[cli.agents] hosts of the command line", () => {
  test("[cli.agent-echo] echo streams what it was sent and completes with it", async () => {
    await host("echo", ["agent", "echo", "--name", "echo"]);
    const { code, stdout } = await parley(daemon.env, ["send", "echo", "hi there", "--stream"]);
    expect(stdout).toBe("hi there\n");
    expect(code).toBe(0);
    const json = await parley(daemon.env, ["send", "echo", "one two", "--stream", "--json"]);
    const lines = json.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines[0]).toMatchObject({ kind: "peer_request_sent", stream_reserved: true });
    expect(lines.slice(1).map((line) => line.sequence)).toEqual(lines.slice(1).map((_, index) => index + 1));
    expect(lines.at(-1).event).toMatchObject({ kind: "interaction_complete", result: { body: "one two" } });
  });

  test("[cli.body-from-stdin] a body piped in arrives byte for byte", async () => {
    const body = "line one\nzwei äöü\n三\n".repeat(2_000);
    const { stdout, code } = await parley(daemon.env, ["send", "echo", "--stream", "--json"], body);
    expect(code).toBe(0);
    const last = JSON.parse(stdout.trim().split("\n").at(-1)!);
    expect(last.event.result.body).toBe(body);
  });

  test("[cli.agent-exec] exec runs a process for each interaction and its exit code is the outcome", async () => {
    await host("shout", ["agent", "exec", "--name", "shout", "--", "tr", "a-z", "A-Z"]);
    const good = await parley(daemon.env, ["send", "shout", "quiet", "--stream"]);
    expect(good.stdout).toBe("QUIET\n");
    await host("broken", ["agent", "exec", "--name", "broken", "--", "sh", "-c", "echo why >&2; exit 3"]);
    const bad = await parley(daemon.env, ["send", "broken", "x", "--stream"]);
    expect(bad.code).toBe(1);
    expect(bad.stderr).toContain("exit code 3: why");
  });

  test("[cli.agent-model] model streams a chat completion of an OpenAI-compatible server", async () => {
    const seen: {
      authorization: string | undefined;
      body: { model: string; messages: { content: string }[] };
    }[] = [];
    const server = createServer(async (request, response) => {
      let text = "";
      for await (const chunk of request.setEncoding("utf8")) text += chunk;
      seen.push({ authorization: request.headers.authorization, body: JSON.parse(text) });
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (const word of ["four", "ty", " two"])
        response.write(`data: ${JSON.stringify({ choices: [{ delta: { content: word } }] })}\n\n`);
      response.end("data: [DONE]\n\n");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
    try {
      await host("brain", ["agent", "model", "--name", "brain", "--model", "tiny", "--model-url", url]);
      const { stdout, code } = await parley(daemon.env, [
        "send",
        "brain",
        "what is six by seven?",
        "--stream",
      ]);
      expect(stdout).toBe("fourty two\n");
      expect(code).toBe(0);
      expect(seen[0]?.body.model).toBe("tiny");
      expect(seen[0]?.body.messages.at(-1)?.content).toBe("what is six by seven?");
    } finally {
      server.closeAllConnections();
      server.close();
    }
    const down = await parley(daemon.env, ["send", "brain", "still there?", "--stream"]);
    expect(down.code).toBe(1);
    expect(down.stderr).toContain("cannot reach the model server");
  });

  test("[cli.mistakes] a mistake of usage exits with 2 and says what to do", async () => {
    const cases: [args: string[], says: string][] = [
      [["token"], "--help lists them"],
      [["--base-url", "http://127.0.0.1:1", "--token-file", "/nowhere", "peers"], "--token-file"],
      [["send"], "parley send <peer>"],
    ];
    for (const [args, says] of cases) {
      const { code, stdout } = await parley(daemon.env, ["--json", ...args]);
      const said = JSON.parse(
        stdout
          .slice(stdout.lastIndexOf("{"))
          .trim()
          .replace(/^.*?({"code)/s, "$1"),
      );
      expect({ code, said: said.code }).toEqual({ code: 2, said: "invalid_request" });
      expect(said.message).toContain(says);
    }
    const { code, stderr } = await parley(daemon.env, ["send", "echo"], Buffer.from([0x68, 0xff, 0xfe]));
    expect(code).toBe(2);
    expect(stderr).toContain("UTF-8");
  });

  test("[cli.next-step] an error says what to type next", async () => {
    const cases: [args: string[], code: number, says: string][] = [
      [["send", "ecco", "x"], 3, "did you mean echo?"],
      [["send", "nobody-at-all", "x"], 3, "`parley peers` lists those you can reach"],
      [["send", "closed-shop", "x"], 5, "lists the kinds that each peer takes"],
      [["send", "away", "x", "--ttl", "0"], 1, "without `--ttl 0` it waits in the inbox"],
      [["send", "echo", "x", "--expect-peer", crypto.randomUUID()], 5, "the peer_id that the name has now"],
    ];
    const refusing = ["--inbound-policy", '{"peer_message": "refuse"}'];
    await parley(daemon.env, ["session", "open", "closed-shop", ...refusing]);
    await parley(daemon.env, ["session", "open", "away", "--ttl", "0"]);
    for (const [args, code, says] of cases) {
      const said = await parley(daemon.env, args);
      expect({ args, code: said.code }).toEqual({ args, code });
      expect(said.stderr).toContain(says);
    }
  });

  test("[errors.refused-names] a refused name is shown once, with the rule in words and one that would do", async () => {
    const rule =
      "use lower-case letters, digits and inner hyphens, 1 to 63 characters; for example my-agent.";
    const refused = (field: string, code: string): string =>
      `error ${field} cannot be "My Agent": ${rule} [${code}]\n`;
    const cases: [args: string[], said: string][] = [
      [["send", "My Agent", "x"], refused("to", "invalid_command")],
      [["inbox", "My Agent"], refused("name", "invalid_request")],
      [["agent", "echo", "--name", "My Agent"], refused("name", "invalid_request")],
      [["peers", "--as", "My Agent"], refused("session", "invalid_request")],
      [["token", "create", "My Agent", "--scope", "comms:read"], refused("name", "invalid_request")],
      [["endpoint", "remove", "My Agent"], refused("endpoint", "invalid_request")],
    ];
    for (const [args, said] of cases) {
      const { code, stderr } = await parley(daemon.env, args);
      expect({ args, code, stderr }).toEqual({ args, code: 2, stderr: said });
    }
    const taken = await parley(daemon.env, ["agent", "echo", "--name", "echo"]);
    expect(taken.stderr).toContain("keeps the name echo now");
    expect(taken.stderr).toContain("for example echo-2.");
    const unknown = await parley(daemon.env, ["session", "get", "ecco"]);
    expect(unknown.stderr).toContain("is called ecco; did you mean echo?");
  });

  test("[cli.inbound-policy] an agent says what it holds and refuses, and a mistake in it is told", async () => {
    const flags = ["--name", "doorman", "--hold", "peer_request", "--refuse", "peer_message, peer_response"];
    const agent = startParley(daemon.env, ["agent", "echo", ...flags]);
    const peer = await until("the agent to be listed", async () => {
      const { stdout } = await parley(daemon.env, ["peers", "--json"]);
      return (JSON.parse(stdout).peers as { name: string }[]).find(({ name }) => name === "doorman");
    });
    expect(peer).toMatchObject({
      sendable_kinds: ["peer_request"],
      inbound_policy: { peer_message: "refuse", peer_request: "hold", peer_response: "refuse" },
    });
    await agent.stop();
    const { code, stderr } = await parley(daemon.env, [
      "agent",
      "echo",
      "--name",
      "doorman",
      "--hold",
      "mail",
    ]);
    expect(code).toBe(2);
    expect(stderr).toContain("--hold takes peer_message, peer_request, peer_response; not mail");
  });

  test("[cli.cancel] what waits is cancelled, and who stops reading hears how", async () => {
    await parley(daemon.env, ["session", "open", "asleep"]);
    const reader = startParley(daemon.env, ["send", "asleep", "wake up", "--stream"]);
    let said = "";
    const id = await new Promise<string>((resolve) => {
      reader.child.stderr!.on("data", (text: string) => {
        said += text;
        const accepted = /accepted ([0-9a-f-]{36})/.exec(said);
        if (accepted !== null && said.includes("peer_request from")) resolve(accepted[1]!);
      });
    });
    reader.child.kill("SIGINT");
    const { code, stderr } = await reader.result;
    expect(code).toBe(130);
    expect(stderr).toContain(`parley stream --interaction ${id} --no-follow`);
    expect(stderr).toContain(`parley send asleep --cancel ${id}`);
    expect((await parley(daemon.env, ["send", "asleep", "--cancel", id])).code).toBe(0);
    const read = await parley(daemon.env, ["stream", "--interaction", id, "--no-follow"]);
    expect(read.stderr).toContain("[cancelled]");
    const again = await parley(daemon.env, ["send", "asleep", "--cancel", id]);
    expect(again.code).toBe(5);
    expect(again.stderr).toContain("interaction_ended");
  });

  test("[cli.receipts] send says when a command is held, and what became of it", async () => {
    const holding = ["--inbound-policy", '{"peer_request": "hold"}'];
    await parley(daemon.env, ["session", "open", "porch", ...holding]);
    const sent = startParley(daemon.env, ["send", "porch", "let me in", "--stream"]);
    const [held] = await until("it to be held", async () => {
      const { stdout } = await parley(daemon.env, ["session", "held", "porch", "--json"]);
      const { held } = JSON.parse(stdout);
      return held.length > 0 ? (held as { interaction_id: string }[]) : undefined;
    });
    await parley(daemon.env, ["session", "release", "porch", held!.interaction_id, "--decision", "refuse"]);
    const { code, stderr } = await sent.result;
    expect(code).toBe(1);
    expect(stderr).toContain("held: the recipient's policy lets a person decide");
    expect(stderr).toMatch(/· refused/);
  });

  test("[cli.peers] peers shows them as a table and as JSON", async () => {
    const { stdout } = await parley(daemon.env, ["peers"]);
    expect(stdout).toMatch(/^NAME +STATE +SENDABLE_KINDS +DESCRIPTION$/m);
    expect(stdout).toMatch(
      /^echo +online +peer_message, peer_request, peer_response +answers with what it was sent$/m,
    );
    const { stdout: json } = await parley(daemon.env, ["peers", "--json"]);
    expect(JSON.parse(json).peers.map((peer: { name: string }) => peer.name)).toContain("echo");
  });

  test("[cli.reply] a person can hold a session and answer by hand", async () => {
    const opened = JSON.parse(
      (await parley(daemon.env, ["session", "open", "desk", "--ttl", "5m", "--json"])).stdout,
    );
    const sent = JSON.parse(
      (await parley(daemon.env, ["send", "desk", "lunch?", "--intent", "ask", "--json"])).stdout,
    );
    const drained = JSON.parse(
      (await parley(daemon.env, ["session", "drain", "desk", "--lease-token", opened.lease.token, "--json"]))
        .stdout,
    );
    expect(drained.interactions[0]).toMatchObject({
      intent: "ask",
      params: { body: "lunch?" },
      from: "user-local",
    });
    const reply = await parley(daemon.env, [
      "send",
      "user-local",
      "at noon",
      "--as",
      "desk",
      "--reply",
      sent.interaction_id,
    ]);
    expect(reply.code).toBe(0);
    const read = await parley(daemon.env, [
      "stream",
      "--interaction",
      sent.interaction_id,
      "--no-follow",
      "--json",
    ]);
    const kinds = read.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).event.kind);
    expect(kinds).toEqual([
      "interaction_started",
      "delivery_updated",
      "peer_response_received",
      "interaction_complete",
    ]);
  });
});
