import { connect } from "node:net";
import type { Connection, OnAnswer } from "./connection.js";
import type { LoadSpec } from "./load.js";
import { clientFrame, FrameReader } from "./ws-frames.js";

/** One WebSocket with `inFlight` calls under way; an answer's `"id":n` tells which slot is free again. */
export function openWebSocket(
  spec: LoadSpec,
  head: string,
  onAnswer: OnAnswer,
  fail: (error: Error) => void,
): Promise<Connection> {
  const frames = Array.from({ length: spec.inFlight }, (_, id) =>
    clientFrame(spec.message!.replaceAll("$ID", String(id))),
  );
  const sentAt = new Float64Array(spec.inFlight);
  const expected = Buffer.from(spec.expect);
  const socket = connect(spec.port, "127.0.0.1").setNoDelay(true);
  let closing = false;
  let freed: Buffer[] = [];
  const reader = new FrameReader((payload) => {
    const slot = slotOf(payload);
    if (!payload.includes(expected) || slot === undefined) {
      closing = true;
      fail(new Error(`an unexpected answer: ${payload.toString().slice(0, 1_000)}`));
      return;
    }
    const now = performance.now();
    onAnswer(now - sentAt[slot]!);
    sentAt[slot] = now;
    freed.push(frames[slot]!);
  });
  return new Promise((resolve) => {
    socket.once("connect", () => socket.write(head));
    socket.on("error", (error) => closing || fail(error));
    socket.on("close", () => closing || fail(new Error("the server closed a connection")));
    socket.once("data", (answer: Buffer) => {
      if (!answer.toString("latin1", 0, 12).endsWith("101")) {
        closing = true;
        fail(new Error(`no upgrade: ${answer.toString("latin1", 0, 1_000)}`));
        return;
      }
      socket.on("data", (chunk: Buffer) => {
        reader.push(chunk);
        if (closing || freed.length === 0) return;
        socket.write(freed.length === 1 ? freed[0]! : Buffer.concat(freed));
        freed = [];
      });
      resolve({
        begin: () => {
          sentAt.fill(performance.now());
          socket.write(Buffer.concat(frames));
        },
        close: () => {
          closing = true;
          socket.destroy();
        },
      });
    });
  });
}

/** The number after the first `"id":`, which both ends write near the start. */
function slotOf(payload: Buffer): number | undefined {
  const id = /"id":(\d+)/.exec(payload.toString("latin1", 0, 48))?.[1];
  return id === undefined ? undefined : Number(id);
}
