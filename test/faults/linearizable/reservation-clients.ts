import type { Seeded } from "../kit/seeded.js";
import type { Recorder } from "./recorder.js";
import type { ReservationInput, ReservationOutput } from "./reservation-model.js";
import { RpcClient } from "./rpc-client.js";
import type { Scene } from "./scene.js";

const refusals = ["already_attached", "not_reserved", "stream_timeout"] as const;

interface Stream {
  readonly id: string;
  readonly opened: number;
  readonly life: number;
  readonly client: RpcClient;
  at: number;
  /** It heard that the terminal event was delivered. */
  over: boolean;
}

/** One interaction with a reserved stream, those who want to read it, and the one who answers it. */
export class Party {
  readonly #scene: Scene;
  readonly #random: Seeded;
  readonly #recorder: Recorder<ReservationInput, ReservationOutput>;
  readonly #connections: { client: RpcClient; name: string }[] = [];
  /** Notifications of streams whose opening is not answered yet. */
  readonly #early: [string, Record<string, unknown>][] = [];
  readonly #streams: Stream[] = [];
  #interaction = "";

  constructor(scene: Scene, random: Seeded, recorder: Recorder<ReservationInput, ReservationOutput>) {
    this.#scene = scene;
    this.#random = random;
    this.#recorder = recorder;
  }

  /** Reserves, and tells between which moments that was; undefined when nobody heard of it. */
  async reserve(): Promise<{ interaction: string; from: number; by: number } | undefined> {
    const from = this.#recorder.now();
    const sent = await this.#scene.post("comms/send", {
      kind: "peer_request",
      to: this.#scene.host,
      intent: "ask",
      params: null,
      stream: "reserve_interaction",
    });
    if (sent === "lost") return undefined;
    if ("refused" in sent) {
      this.#scene.odd(`a send was refused: ${sent.refused}`);
      return undefined;
    }
    const by = this.#recorder.now();
    this.#interaction = (sent.result as { interaction_id: string }).interaction_id;
    return { interaction: this.#interaction, from, by };
  }

  /** Readers and the one who answers at once; in a later life only readers. */
  async run(answers: boolean): Promise<void> {
    await Promise.all([
      ...Array.from({ length: this.#random.between(2, 4) }, () => this.#reader()),
      answers ? this.#answer() : undefined,
    ]);
    for (const { client, name } of this.#connections.splice(0)) this.#drop(client, name);
    // What was delivered to somebody who did not hear of it any more.
    for (const { id, opened, life, over } of this.#streams.splice(0))
      if (!over) this.#add({ kind: "delivered", stream: id }, undefined, opened, life);
  }

  async #reader(): Promise<void> {
    let { client, name } = this.#connect();
    const steps = this.#random.between(2, 6);
    for (let step = 0; step < steps && this.#scene.goesOn() && !client.lost; step += 1) {
      const choice = this.#random.next();
      if (choice < 0.4) await this.#attach(client, name, undefined);
      else if (choice < 0.55) await this.#attach(client, name, this.#streams.at(-1)?.id);
      else if (choice < 0.65) await this.#close(client);
      else if (choice < 0.8) await this.#look();
      else if (choice < 0.9) {
        this.#drop(client, name);
        ({ client, name } = this.#connect());
      }
    }
  }

  #connect(): { client: RpcClient; name: string } {
    const client = new RpcClient(this.#scene.daemon);
    const name = `c${this.#scene.nextId()}`;
    client.heard = (method, params) => this.#heard(method, params);
    this.#connections.push({ client, name });
    return { client, name };
  }

  async #answer(): Promise<void> {
    const events = this.#random.between(0, 2);
    for (let event = 0; event <= events && this.#scene.goesOn(); event += 1) {
      const status = event < events ? "accepted" : "completed";
      const answer = await this.#scene.post(
        "comms/send",
        { kind: "peer_response", to: "user-local", in_reply_to: this.#interaction, status, result: null },
        this.#scene.host,
      );
      if (answer !== "lost" && "refused" in answer)
        this.#scene.odd(`an answer was refused: ${answer.refused}`);
    }
  }

  async #attach(client: RpcClient, connection: string, resumeOf: string | undefined): Promise<void> {
    const { life } = this.#recorder;
    const invoked = this.#recorder.now();
    const id = this.#scene.nextId();
    const answer = await client.call(id, "comms/stream_open", {
      scope: { kind: "interaction", interaction_id: this.#interaction },
      after_sequence: 0,
      ...(resumeOf === undefined ? {} : { resume_of: resumeOf }),
    });
    if (answer === "lost") {
      const stream = `lost ${id}`;
      this.#add({ kind: "attach", stream, connection, resumeOf }, undefined, invoked, life);
      this.#streams.push({ id: stream, opened: invoked, life, client, at: 0, over: false });
      return;
    }
    if ("refused" in answer) {
      const refused = refusals.find((code) => code === answer.refused);
      if (refused === undefined) this.#scene.odd(`an attach was refused: ${answer.refused}`);
      else this.#add({ kind: "attach", stream: "", connection, resumeOf }, refused, invoked, life);
      return;
    }
    const stream = (answer.result as { stream_id: string }).stream_id;
    this.#add({ kind: "attach", stream, connection, resumeOf }, "opened", invoked, life);
    this.#streams.push({ id: stream, opened: invoked, life, client, at: 0, over: false });
    // What came before the answer was looked at.
    for (const [method, params] of this.#early.splice(0)) this.#heard(method, params);
  }

  #heard(method: string, params: Record<string, unknown>): void {
    const {
      stream_id: id,
      sequence,
      reason,
    } = params as { stream_id: string; sequence?: number; reason?: string };
    const stream = this.#streams.find((one) => one.id === id);
    if (stream === undefined) {
      this.#early.push([method, params]);
      return;
    }
    if (method === "comms/stream_event") {
      if (sequence !== stream.at + 1)
        this.#scene.odd(`a reader of ${this.#interaction} at ${stream.at} got ${sequence}`);
      stream.at = sequence ?? stream.at;
    } else if (reason === "terminal") {
      stream.over = true;
      this.#add({ kind: "delivered", stream: id }, "done", stream.opened, stream.life);
    }
  }

  async #close(client: RpcClient): Promise<void> {
    const { life } = this.#recorder;
    const stream = this.#streams.findLast((one) => one.client === client);
    if (stream === undefined) return;
    const invoked = this.#recorder.now();
    const answer = await client.call(this.#scene.nextId(), "comms/stream_close", { stream_id: stream.id });
    if (answer !== "lost" && "refused" in answer) {
      this.#scene.odd(`a close was refused: ${answer.refused}`);
      return;
    }
    const output = answer === "lost" ? undefined : answer.result.already_closed ? "already" : "closed";
    this.#add({ kind: "close", stream: stream.id }, output, invoked, life);
  }

  async #look(): Promise<void> {
    const { life } = this.#recorder;
    const invoked = this.#recorder.now();
    const state = await this.#scene.stateOf(this.#interaction);
    if (state !== undefined) this.#add({ kind: "look" }, state as ReservationOutput, invoked, life);
  }

  /** The daemon notices in its own time. */
  #drop(client: RpcClient, connection: string): void {
    if (client.lost) return;
    const invoked = this.#recorder.now();
    client.drop();
    this.#add({ kind: "drop", connection }, undefined, invoked, this.#recorder.life);
  }

  #add(input: ReservationInput, output: ReservationOutput | undefined, invoked: number, life: number): void {
    this.#recorder.add(this.#interaction, input, output, invoked, life);
  }
}
