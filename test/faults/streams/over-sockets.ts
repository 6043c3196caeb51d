import { settle } from "../../support/simulation.js";
import type { InProcess } from "./in-process.js";
import { Model, type Move } from "./model.js";
import { type Reader, RpcReader, SseReader } from "./socket-readers.js";
import type { SocketServer } from "./socket-server.js";
import { Subject } from "./subject.js";

export type Wire = "rpc" | "sse";

/** Turns of the loop after which somebody who still waits waits in vain; far more than any answer takes. */
const patienceTurns = 20_000;

/**
 * What is wrong with one sequence of moves when its two readers are real connections; undefined when nothing is. Such
 * readers read by themselves all that comes, so the model's are made to as well.
 */
export async function runOverSockets(
  daemon: InProcess,
  server: SocketServer,
  sequence: readonly Move[],
  wires: { one: Wire; two: Wire },
): Promise<string | undefined> {
  const model = new Model();
  const subject = await Subject.reserve(daemon);
  const readers: { reader: Reader; label: "one" | "two"; expected: (number | string)[]; gone: boolean }[] =
    [];
  const said: string[] = [];
  try {
    for (const move of sequence) {
      const expected = model.apply(move);
      const got = await carryOut(move);
      said.push(`${move}: ${got}`);
      if (got !== expected) return `${said.join("; ")}; expected ${expected}`;
      readAll();
      const late = await unmet();
      if (late !== undefined) return `${said.join("; ")}; ${late}`;
    }
    for (const { reader } of readers) reader.drop();
    const left = await subject.finish();
    return left.length === 0 ? undefined : `${said.join("; ")}; ${left.join(", ")}`;
  } finally {
    for (const { reader } of readers) reader.drop();
  }

  async function carryOut(move: Move): Promise<string> {
    const last = readers.at(-1);
    switch (move) {
      case "attach one":
        return attach("one", undefined);
      case "attach two":
        return attach("two", undefined);
      case "resume":
        return attach("two", last?.reader.streamId);
      case "close":
        return close(last);
      case "drop":
        return drop(last);
      default:
        return subject.apply(move);
    }
  }

  async function attach(label: "one" | "two", resumeOf: string | undefined): Promise<string> {
    const seen = Math.max(0, ...readers.flatMap(({ reader }) => reader.heard.filter(isSequence)));
    const reader = wires[label] === "sse" ? new SseReader(server) : new RpcReader(server);
    const answer = await reader.open({ interaction: subject.interactionId, after: seen, resumeOf });
    if (answer.startsWith("opened")) readers.push({ reader, label, expected: [], gone: false });
    else reader.drop();
    return answer;
  }

  async function close(one: (typeof readers)[number] | undefined): Promise<string> {
    if (one === undefined) return "refused stream_not_found";
    const { streamId } = one.reader;
    if (!one.gone) return one.reader.close(streamId);
    const other = new RpcReader(server);
    const answer = await other.close(streamId);
    other.drop();
    return answer;
  }

  function drop(one: (typeof readers)[number] | undefined): string {
    if (one === undefined) return "no stream";
    if (one.gone) return "no connection";
    one.reader.drop();
    one.gone = true;
    return "dropped";
  }

  /** Lets the model's readers take what the real ones take without being asked. */
  function readAll(): void {
    for (const [at, one] of readers.entries()) {
      if (one.gone || typeof one.expected.at(-1) === "string") continue;
      for (const event of model.readOut(at)) one.expected.push(event);
    }
  }

  /** Waits until everybody heard what the model's readers did and the daemon holds what it says; tells what never came. */
  async function unmet(): Promise<string | undefined> {
    let missing: string | undefined;
    for (let turn = 0; turn < patienceTurns; turn += 1) {
      const late = readers.find(({ reader, expected, gone }) => !gone && `${reader.heard}` !== `${expected}`);
      const outlook = late === undefined ? await subject.outlook() : undefined;
      if (late === undefined && outlook === model.outlook()) return undefined;
      missing =
        late === undefined
          ? `${outlook}, expected ${model.outlook()}`
          : `heard ${late.reader.heard}, expected ${late.expected}`;
      await settle(1);
    }
    return missing;
  }
}

function isSequence(heard: number | string): heard is number {
  return typeof heard === "number";
}
