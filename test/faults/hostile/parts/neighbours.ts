import { once } from "node:events";
import { chmodSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { canBeStranger, Stranger } from "../../../support/stranger.js";
import { type MutatedBundle, type Mutation, mutatedBundle } from "../../kit/mutated-bundle.js";
import type { Seeded } from "../../kit/seeded.js";
import { adviceOf, doctorsAdviceOf, followAdvice } from "../advice.js";
import { makeCalls, type Outcome, pythonProblem } from "../calls.js";
import type { CycleOptions, CycleResult, OpenPart, Part } from "../part.js";
import { expected, possibleTraps, type Trap } from "../traps.js";
import { type DaemonState, plainUid, Victim } from "../victim.js";

const defaultPort = 7433;
/** How long a start is halted, so that clients meet it in the middle. */
const haltMs = 700;
/** Errors by which calls find that no daemon of the user answers. */
const unreachable = "daemon_unreachable";

export const part: Part = {
  name: "neighbours",
  skipped: () => [
    ...(canBeStranger
      ? []
      : ["strangers are processes of this user: a second user of the system needs root"]),
    ...(canBeStranger && plainUid === undefined
      ? ["the user under test is always root: other users cannot read this tree"]
      : []),
    ...new Set(
      [process.getuid?.() ?? 0, plainUid ?? 0]
        .map(pythonProblem)
        .flatMap((problem) => (problem === undefined ? [] : [`calls of the Python SDK: ${problem}`])),
    ),
  ],
  open: () => openNeighbours(),
};

/** `mutations` break the client on purpose, to see that the run is red then. */
export async function openNeighbours(mutations: readonly Mutation[] = []): Promise<OpenPart> {
  const bundle = await mutatedBundle({ client: "test/faults/hostile/client.ts" }, mutations);
  chmodSync(dirname(bundle.path("client")), 0o755);
  return {
    cycle: (options) => cycle(options, bundle),
    [Symbol.asyncDispose]: () => Promise.resolve(bundle[Symbol.dispose]()),
  };
}

async function cycle({ turn, random }: CycleOptions, bundle: MutatedBundle): Promise<CycleResult> {
  const possible = possibleTraps();
  // In turn, so that every trap is met; its state and what lies around it are left to chance.
  const trap = possible[turn % possible.length]!;
  const state = random.pick(trap.states);
  const uid =
    canBeStranger && plainUid !== undefined && random.chance(0.5) ? plainUid : (process.getuid?.() ?? 0);
  await using victim = new Victim(uid);
  await using stranger = await Stranger.start();
  const marker = `private-${random.between(0, 2 ** 31).toString(16)}-${turn}`;
  const token = `parley_${"0".repeat(16)}_${marker}${"x".repeat(20)}`;
  await trap.before?.({ victim, stranger });
  await victim.bring(state);
  await trap.after?.({ victim, stranger });
  const { ports, env, defaultPortBusy } = await layPorts(victim, stranger, state, random);
  using redirect = await redirecting(random.pick([301, 302, 303, 307, 308]), `http://127.0.0.1:${ports[0]}/`);
  const isUp = state === "up" && victim.daemonRuns;
  const own = isUp ? victim.discovery.address : undefined;
  const addresses = [redirect.url, ...(own === undefined ? [] : [own])];
  const calls = makeCalls({
    victim,
    plan: { marker, token, addresses },
    clientProgram: bundle.path("client"),
    env,
    random,
  });
  if (state === "starting") await pause(haltMs).then(() => victim.release());
  const outcomes = await calls;
  const where = `${trap.name}, daemon ${state}, user ${uid}`;
  const broken = judge(outcomes, trap, state, redirect.url, victim.daemonRuns);
  let advices = 0;
  if ((state === "down" || state === "dead") && !trap.isMoment) {
    const advice = random.chance(0.5)
      ? await adviceOf(victim, marker, env)
      : await doctorsAdviceOf(victim, env);
    advices += 1;
    broken.push(...(await followAdvice(victim, advice, marker, env)));
  }
  const { received, connections } = await stranger.loot();
  if (received.includes(marker))
    broken.push(`the stranger received a body or a token: ${shown(received, marker)}`);
  else if (connections > 0)
    broken.push(`${connections} connections reached the stranger: ${received.slice(0, 300)}`);
  return {
    counts: {
      cycles_as_root: uid === 0 ? 1 : 0,
      calls: outcomes.length,
      reached: outcomes.filter(({ outcome }) => !outcome.startsWith(unreachable)).length,
      advices_followed: advices,
      strangers_ports: ports.length,
      default_port_busy: defaultPortBusy ? 1 : 0,
    },
    broken: broken.map((what) => `${where}: ${what}`),
  };
}

/** Puts the stranger on every port that anything of the surroundings names. */
async function layPorts(
  victim: Victim,
  stranger: Stranger,
  state: DaemonState,
  random: Seeded,
): Promise<{ ports: number[]; env: NodeJS.ProcessEnv; defaultPortBusy: boolean }> {
  const ports: number[] = [];
  const open = async (port: number): Promise<number> => {
    const got = await stranger.listenOn(port);
    if (got !== undefined) ports.push(got);
    return got ?? port;
  };
  const any = await open(0);
  const defaultPortBusy = (await stranger.listenOn(defaultPort)) === undefined;
  if (!defaultPortBusy) ports.push(defaultPort);
  const { address } = victim.discovery;
  if (state === "dead" && address !== undefined) await open(Number(new URL(address).port));
  const config = async (): Promise<string> => `[server]\nhost = "127.0.0.1"\nport = ${await open(0)}\n`;
  victim.write("cloned/parley.toml", await config(), 0o644);
  victim.write("cloned/labman.toml", await config(), 0o644);
  if (state === "down" || state === "dead") victim.write("home/config/parley/parley.toml", await config());
  const proxy = `http://127.0.0.1:${any}`;
  const env = random.chance(0.5)
    ? { http_proxy: proxy, HTTP_PROXY: proxy, https_proxy: proxy, ALL_PROXY: proxy, NODE_USE_ENV_PROXY: "1" }
    : {};
  return { ports, env, defaultPortBusy };
}

/** A server of the user that sends every call elsewhere. */
async function redirecting(status: number, location: string): Promise<{ url: string } & Disposable> {
  const server: Server = createServer((_, response) => response.writeHead(status, { location }).end());
  server.on("upgrade", (_, socket) =>
    socket.end(
      `HTTP/1.1 ${status} Moved\r\nlocation: ${location}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`,
    ),
  );
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.dispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function judge(
  outcomes: readonly Outcome[],
  trap: Trap,
  state: DaemonState,
  redirect: string,
  daemonRuns: boolean,
): string[] {
  const wanted = expected(trap, state);
  return outcomes.flatMap(({ name, outcome }) => {
    const isRefused = outcome === unreachable;
    if (/exit code|Error/.test(outcome)) return [`${name} came to ${outcome}`];
    if (name.includes(redirect)) return isRefused ? [] : [`${name} came to ${outcome} over a redirect`];
    if (wanted === "unreachable")
      return isRefused ? [] : [`${name} came to ${outcome} without a daemon of the user`];
    if (wanted === "reached")
      return isRefused
        ? [`${name} did not reach the user's daemon (it ${daemonRuns ? "runs" : "ended"})`]
        : [];
    return [];
  });
}

function shown(received: string, marker: string): string {
  const at = received.indexOf(marker);
  return JSON.stringify(received.slice(Math.max(0, at - 300), at + marker.length));
}
