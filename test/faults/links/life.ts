import { createValidators, type Validators } from "../../../src/kernel/validate.js";
import { openMemory } from "../../../src/storage/memory/open-memory.js";
import { HeldStore } from "../../support/held-store.js";
import { type LinkedDaemon, LinkedDaemons } from "../../support/linked-daemons.js";
import { settle } from "../../support/simulation.js";
import type { Host } from "../../support/world.js";
import { seeded } from "../kit/seeded.js";
import { judge, type Sent } from "./judge.js";

export interface LifeResult {
  cuts: number;
  kills: number;
  /** Times in which envelopes came again while their first arrival was on its way to the disk. */
  stalls: number;
  sent: number;
  answers: number;
  violations: string[];
}

/** One of the two daemons with what works on it: a host that does what it is asked, and a session that asks. */
export interface Side {
  readonly name: string;
  readonly store: HeldStore;
  daemon: LinkedDaemon;
  worker: Host;
  asker: Host;
}

/** How long the daemons get to come to rest after the last cut, simulated milliseconds. */
const restMs = 600_000;
const week = 7 * 86_400_000;

/**
 * Two daemons whose sessions ask each other while connections are cut at random frames and processes die, then peace.
 * Everything random comes from the seed.
 */
export async function life(
  seed: number,
  cuts: number,
  validators: Validators = createValidators(),
): Promise<LifeResult> {
  const random = seeded(seed);
  const fates = random.fork(1);
  let [done, kills, stalls, cutting] = [0, 0, 0, false];
  const daemons = new LinkedDaemons({
    seed: `r9/${seed}`,
    validators,
    limits: { interactionKeepMs: week, unreadPerSender: 1_000, sendsBurst: 100_000, loopTurns: 100_000 },
    fate: () => {
      if (!cutting || !fates.chance(0.06)) return "pass";
      done += 1;
      return "drop";
    },
  });
  const sides = [await sideOf(daemons, "alpha"), await sideOf(daemons, "beta")] as const;
  await daemons.pair(sides[0].daemon, sides[1].daemon);
  await daemons.pass(500);
  const sent: Sent[] = [];
  const answers = new Map<string, string[]>();
  cutting = true;
  for (let step = 0; done < cuts && step < cuts * 60; step += 1) {
    const side = random.pick(sides);
    const roll = random.next();
    if (roll < 0.35) ask(sides, side, sent, random.chance(0.3));
    else if (roll < 0.75) await work(side, answers, random.next());
    else if (roll < 0.78) {
      kills += 1;
      await die(side);
    } else if (roll < 0.8) {
      done += 1;
      daemons.net.cut();
    } else if (roll < 0.85) {
      done += 1;
      stalls += 1;
      await stall(daemons, sides, side, sent);
    }
    await daemons.pass(random.between(20, 1_500), 250);
  }
  cutting = false;
  await rest(daemons, sides, sent, answers);
  const violations = await judge(sides, sent, answers);
  return {
    cuts: done,
    kills,
    stalls,
    sent: sent.length,
    answers: [...answers.values()].reduce((sum, { length }) => sum + length, 0),
    violations,
  };
}

async function sideOf(daemons: LinkedDaemons, name: string): Promise<Side> {
  const store = new HeldStore(openMemory({ clock: daemons.clock }));
  const daemon = await daemons.start(name, store.backend);
  return {
    name,
    store,
    daemon,
    worker: await daemon.world.host("worker"),
    asker: await daemon.world.host("asker"),
  };
}

function other(sides: readonly [Side, Side], side: Side): Side {
  return sides[0] === side ? sides[1] : sides[0];
}

/** The side's disk stalls under what it is sent, and a cut has that sent again while it is in flight. */
async function stall(
  daemons: LinkedDaemons,
  sides: readonly [Side, Side],
  side: Side,
  sent: Sent[],
): Promise<void> {
  side.store.hold((log) => log.startsWith("inbox/"));
  for (const message of [true, false]) ask(sides, other(sides, side), sent, message);
  await daemons.pass(250);
  daemons.net.cut();
  await daemons.pass(2_500, 250);
  await side.store.release();
}

/** Sends under a key of its own; what a crash swallowed is sent again under it later. */
function ask(sides: readonly [Side, Side], side: Side, sent: Sent[], message: boolean): void {
  const key = `${side.name}-${sent.length}`;
  const entry: Sent = {
    key,
    from: side.name,
    to: `worker-${other(sides, side).name}`,
    message,
    receipt: undefined,
  };
  sent.push(entry);
  void say(side, entry);
}

export async function say({ daemon }: Side, entry: Sent): Promise<void> {
  const { key, to, message } = entry;
  const options = { idempotency_key: key };
  try {
    const receipt = await daemon.world.call(
      "comms.send",
      message
        ? { kind: "peer_message", to, body: key, options }
        : { kind: "peer_request", to, intent: "do", params: { key }, stream: "none", options },
      { session: "asker" },
    );
    if ("interaction_id" in receipt) entry.receipt = receipt;
  } catch {
    // The peer is not known yet, or the daemon died: it is said again.
  }
}

/** Takes what there is and does it: progress, an answer, an outcome, or nothing at all this time. */
async function work({ worker }: Side, answers: Map<string, string[]>, roll: number): Promise<void> {
  const items = await worker.drain(4);
  for (const item of items) {
    if (roll < 0.15) continue;
    const said = answers.get(item.envelope_id) ?? [];
    answers.set(item.envelope_id, said);
    const progress = `${item.envelope_id} has begun`;
    if (item.kind === "peer_request") {
      if (roll < 0.5 && !said.includes(progress)) {
        await worker.respond(item.from, item.interaction_id, progress, "accepted");
        said.push(progress);
      }
      if (roll < 0.8) {
        const result = `${item.envelope_id} is done`;
        await worker.respond(item.from, item.interaction_id, result);
        said.push(result);
      }
    }
    await worker.settle(item.interaction_id, { kind: "done", result: "settled" });
  }
}

async function die(side: Side): Promise<void> {
  side.daemon = await side.daemon.kill();
  side.worker = side.worker.on(side.daemon.world);
  side.asker = side.asker.on(side.daemon.world);
}

/** Nothing breaks any more: everything said is taken in, done and told. */
async function rest(
  daemons: LinkedDaemons,
  sides: readonly [Side, Side],
  sent: readonly Sent[],
  answers: Map<string, string[]>,
): Promise<void> {
  for (let passed = 0; passed < restMs; passed += 10_000) {
    await daemons.pass(10_000, 1_000);
    for (const side of sides) {
      for (const entry of sent)
        if (entry.from === side.name && entry.receipt === undefined) await say(side, entry);
      await work(side, answers, 0.99);
    }
    await settle(40);
    if (passed >= 100_000 && (await isQuiet(sides, sent))) return;
  }
}

async function isQuiet(sides: readonly [Side, Side], sent: readonly Sent[]): Promise<boolean> {
  for (const { from, receipt } of sent) {
    const side = sides.find(({ name }) => name === from)!;
    if (receipt === undefined) return false;
    const events = await side.daemon.world.read({
      kind: "interaction",
      interaction_id: receipt.interaction_id,
    });
    if (!events.some(({ event }) => event.kind.startsWith("interaction_c"))) return false;
  }
  return true;
}
