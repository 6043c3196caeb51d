import { connect } from "node:net";
import type { Connection, OnAnswer } from "./connection.js";
import type { LoadSpec } from "./load.js";

const nothing = Buffer.alloc(0);

/** One keep-alive connection with one request in flight. */
export function openHttp(
  spec: LoadSpec,
  head: string,
  onAnswer: OnAnswer,
  fail: (error: Error) => void,
): Promise<Connection> {
  const request = Buffer.from(head);
  const socket = connect(spec.port, "127.0.0.1").setNoDelay(true);
  let rest: Buffer = nothing;
  let sentAt = 0;
  let closing = false;
  const send = (): void => {
    sentAt = performance.now();
    socket.write(request);
  };
  socket.on("data", (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const size = answerSize(rest);
    if (size === undefined || rest.length < size) return;
    const status = rest.toString("latin1", 9, 12);
    if (!status.startsWith("2") || !rest.includes(spec.expect)) {
      closing = true;
      fail(new Error(`an unexpected answer: ${rest.toString("latin1", 0, 1_000)}`));
      return;
    }
    rest = nothing;
    onAnswer(performance.now() - sentAt);
    if (!closing) send();
  });
  socket.on("error", (error) => closing || fail(error));
  socket.on("close", () => closing || fail(new Error("the server closed a connection")));
  return new Promise((resolve) => {
    socket.once("connect", () =>
      resolve({
        begin: send,
        close: () => {
          closing = true;
          socket.destroy();
        },
      }),
    );
  });
}

/** Bytes of the first answer in the buffer; undefined before its headers are complete. */
function answerSize(buffer: Buffer): number | undefined {
  const end = buffer.indexOf("\r\n\r\n");
  if (end === -1) return undefined;
  const length = /content-length: (\d+)/i.exec(buffer.toString("latin1", 0, end + 2))?.[1];
  if (length === undefined) throw new Error("an answer without content-length");
  return end + 4 + Number(length);
}
