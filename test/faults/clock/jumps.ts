import { BrowserSessions } from "../../../src/auth/browser-sessions.js";
import { TokenStore } from "../../../src/auth/token-store.js";
import { scopes } from "../../../src/generated/operations.js";
import type { Clock } from "../../../src/kernel/clock.js";
import { ContractError } from "../../../src/kernel/contract-error.js";
import { silentLogger } from "../../../src/kernel/logger.js";
import { openMemory } from "../../../src/storage/memory/open-memory.js";
import { seededIds, settle } from "../../support/simulation.js";
import { uncapped } from "../../support/uncapped.js";
import { Host, World } from "../../support/world.js";
import { type Seeded, seeded } from "../kit/seeded.js";
import { SimulatedMachine } from "./machine.js";

const hour = 3_600_000;
const minute = 60_000;
/** What a stop may count for, with the timer that tells of it. */
const stopMs = 3_000;

/** One daemon's life through clock jumps and sleep; what expired wrongly. */
export async function jumps(
  seed: number,
  machine: SimulatedMachine = new SimulatedMachine(),
): Promise<string[]> {
  const life = new Life(machine, seeded(seed));
  await life.start(seed);
  for (let at = 0; at < 40 && life.wrong.length === 0; at += 1) await life.act();
  await life.end();
  return life.wrong;
}

class Life {
  readonly wrong: string[] = [];
  readonly #machine: SimulatedMachine;
  readonly #random: Seeded;
  #world!: World<Clock>;
  #tokens!: TokenStore;
  #browser!: BrowserSessions;
  #bob!: Host;
  /** What bob is working on, and when he last said so, awake milliseconds. */
  #work = "";
  #token = { secret: "", until: 0 };
  #cookie = { header: "", pageKey: "", until: 0 };
  /** Awake milliseconds, and how often a stop may have added to them. */
  #awake = 0;
  #stops = 0;
  /** The last word of a host that vanished. */
  #eve = { ttlMs: 0, since: 0, stops: 0 };
  #ended = { id: "", since: 0 };
  /** A message that nobody takes. */
  #waiting = { id: "", ttlMs: 0, since: 0, stops: 0 };
  #did = "";

  constructor(machine: SimulatedMachine, random: Seeded) {
    this.#machine = machine;
    this.#random = random;
  }

  async start(seed: number): Promise<void> {
    const { clock } = this.#machine;
    const backend = openMemory({ clock });
    const ids = seededIds(clock, `clock ${seed}`);
    this.#tokens = await TokenStore.open({ backend, clock, ids, log: silentLogger });
    this.#browser = await BrowserSessions.open({ backend, clock, ids });
    await this.#browser.listenOn(1);
    this.#world = await World.start<Clock>({ clock, backend, seed: `world ${seed}`, limits: uncapped });
    const { lease, session } = await this.#world.call("sessions.open", { name: "bob", ttl_ms: 30_000 });
    this.#bob = new Host(this.#world, "bob", session.session_id, lease.token, {});
    await this.#credentials();
    await this.#vanish();
    await this.#leave();
    await this.#send("kept");
    await this.#bob.drain();
    await this.#finish();
    await this.#send("work");
    [this.#work] = (await this.#bob.drain()).map(({ interaction_id: id }) => id) as [string];
  }

  async act(): Promise<void> {
    const reservation = await this.#reserve();
    const ticket = this.#browser.tickets.create().ticket;
    const before = this.#machine.passed;
    this.#jump();
    await settle();
    await this.#check(false);
    await this.#attach(reservation);
    const took = this.#machine.passed - before;
    await this.#expect("a ticket", this.#browser.signIn(ticket), took < minute);
    await this.#live();
  }

  async end(): Promise<void> {
    this.#tokens.close();
    this.#browser.close();
    await this.#world.stop();
  }

  #jump(): void {
    const [what, jump] = this.#random.pick<readonly [string, () => void]>([
      ["+1 h", () => this.#machine.step(hour)],
      ["-1 h", () => this.#machine.step(-hour)],
      ["two hours of sleep", () => this.#machine.sleep(2 * hour)],
      ["a stop of two hours", () => this.#stop(2 * hour)],
      ["a stop of a minute", () => this.#stop(minute)],
      ["nothing", () => {}],
    ]);
    this.#did = what;
    jump();
  }

  #stop(ms: number): void {
    this.#stops += 1;
    this.#machine.stop(ms);
  }

  /** Ten seconds in which everybody who lives shows it. */
  async #live(): Promise<void> {
    for (let at = 0; at < 2; at += 1) {
      this.#machine.advance(5_000);
      this.#awake += 5_000;
      await settle();
      await this.#expect("bob's claim", this.#bob.emit(this.#work, "."), true);
      await this.#check(true);
    }
    if (this.#random.chance(0.1)) await this.#credentials();
    if (this.#random.chance(0.2)) await this.#vanish();
  }

  /** `settled`: seconds have passed since the jump, so that what is over is seen to be. */
  async #check(settled: boolean): Promise<void> {
    const rival = this.#world.call("sessions.open", { name: "bob", ttl_ms: 1_000 });
    await this.#expect("bob's name for a rival", rival, false, "session_name_taken");
    await this.#expect("bob's claim", this.#bob.emit(this.#work, "."), true);
    const { session } = await this.#world.call("sessions.get", { name: "eve" });
    const silent = this.#awake - this.#eve.since;
    if (silent < this.#eve.ttlMs - stopMs * (this.#stops - this.#eve.stops) && session.state !== "live")
      this.#note(`eve is gone after ${silent} of ${this.#eve.ttlMs} ms`);
    if (silent > this.#eve.ttlMs && session.state === "live")
      this.#note(`eve lives after ${silent} of ${this.#eve.ttlMs} ms`);
    const { id, ttlMs } = this.#waiting;
    const waited = this.#awake - this.#waiting.since;
    const left = await this.#world.read({ kind: "interaction", interaction_id: id });
    const expired = left.some(({ event }) => event.kind === "interaction_failed");
    if (expired && waited < ttlMs - stopMs * (this.#stops - this.#waiting.stops))
      this.#note(`a message expired after ${waited} of ${ttlMs} ms`);
    // The send takes a moment of its own before the wait begins, and the end is found by a timer.
    if (!expired && waited > ttlMs + 1_000) this.#note(`a message waits after ${waited} of ${ttlMs} ms`);
    if (expired) await this.#leave();
    const { passed } = this.#machine;
    const judged = [
      { what: "token", valid: this.#tokens.verify(this.#token.secret) !== null, until: this.#token.until },
      {
        what: "browser session",
        valid: this.#browser.verify(this.#cookie.header, this.#cookie.pageKey) !== null,
        until: this.#cookie.until,
      },
    ];
    for (const { what, valid, until } of judged)
      if ((valid && passed >= until && settled) || (!valid && passed < until))
        this.#note(`the ${what} is ${valid ? "valid" : "over"} at ${passed} of ${until} ms`);
    const repeat = await this.#send("kept");
    if (!repeat.deduplicated) this.#note("a key was forgotten");
    if (this.#awake - this.#ended.since < hour / 2)
      await this.#expect(
        "an ended interaction",
        this.#world.read({ kind: "interaction", interaction_id: this.#ended.id }),
        true,
      );
  }

  async #credentials(): Promise<void> {
    const ttlMs = this.#random.between(minute, 4 * hour);
    const { secret } = await this.#tokens.create({ name: "t", scopes, sessions: [], ttlMs });
    const { setCookie, pageKey } = await this.#browser.signIn(this.#browser.tickets.create().ticket);
    const { passed } = this.#machine;
    this.#token = { secret, until: passed + ttlMs };
    this.#cookie = { header: setCookie.split(";")[0]!, pageKey, until: passed + 12 * hour };
  }

  /** Eve opens her session, or takes it again, and is not heard of any more. */
  async #vanish(): Promise<void> {
    const ttlMs = this.#random.between(5_000, 2 * minute);
    await this.#world.call("sessions.open", { name: "eve", ttl_ms: ttlMs, lease_token: "the-token-of-eve" });
    this.#eve = { ttlMs, since: this.#awake, stops: this.#stops };
  }

  async #leave(): Promise<void> {
    const ttlMs = this.#random.between(5_000, 100_000);
    const receipt = await this.#world.call("comms.send", {
      kind: "peer_message",
      to: "eve",
      body: "hi",
      options: { ttl_ms: ttlMs },
    });
    if (receipt.kind !== "peer_message_sent") throw new Error(receipt.kind);
    this.#waiting = { id: receipt.interaction_id, ttlMs, since: this.#awake, stops: this.#stops };
  }

  #send(key: string): Promise<{ deduplicated: boolean; interaction_id: string }> {
    const options = { idempotency_key: key };
    const command = {
      kind: "peer_request",
      to: "bob",
      intent: "ask",
      params: key,
      stream: "none",
      options,
    } as const;
    return this.#world.call("comms.send", command) as Promise<{
      deduplicated: boolean;
      interaction_id: string;
    }>;
  }

  async #finish(): Promise<void> {
    const { interaction_id: id } = await this.#send("kept");
    await this.#bob.settle(id);
    this.#ended = { id, since: this.#awake };
  }

  async #reserve(): Promise<string> {
    const command = {
      kind: "peer_request",
      to: "eve",
      intent: "ask",
      params: 1,
      stream: "reserve_interaction",
    } as const;
    const receipt = await this.#world.call("comms.send", command);
    return (receipt as { interaction_id: string }).interaction_id;
  }

  async #attach(interactionId: string): Promise<void> {
    const opening = this.#world.stream({ scope: { kind: "interaction", interaction_id: interactionId } });
    await this.#expect("a reservation", opening, true);
    await (await opening.catch(() => undefined))?.events.return(undefined as never);
  }

  async #expect(what: string, doing: Promise<unknown>, works: boolean, code?: string): Promise<void> {
    const failure = await doing.then(
      () => undefined,
      (error: unknown) => (error instanceof ContractError ? error.code : String(error)),
    );
    if ((failure === undefined) !== works || (code !== undefined && failure !== code))
      this.#note(`${what}: ${failure ?? "worked"}`);
  }

  #note(what: string): void {
    this.wrong.push(`${what}, after ${this.#did} at ${Math.round(this.#machine.passed / 1000)} s`);
  }
}
