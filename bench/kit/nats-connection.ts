import { connect, type Socket } from "node:net";
import type { Connection, OnAnswer } from "./connection.js";
import type { LoadSpec } from "./load.js";

/** A connection that published messages are acknowledged on: each waits for the stream's word before the next. */
export async function openNats(
  spec: LoadSpec,
  subject: string,
  onAnswer: OnAnswer,
  fail: (error: Error) => void,
): Promise<Connection> {
  const { socket, inbox, onMessage } = await greet(spec.port, fail);
  const message = Buffer.from(publication(subject, inbox, spec.message ?? ""));
  let sentAt = 0;
  let closing = false;
  const send = (): void => {
    sentAt = performance.now();
    socket.write(message);
  };
  onMessage((text) => {
    if (closing) return;
    if (!text.includes(spec.expect)) {
      closing = true;
      fail(new Error(`an unexpected answer: ${text.slice(0, 1_000)}`));
      return;
    }
    onAnswer(performance.now() - sentAt);
    send();
  });
  return {
    begin: send,
    close: () => {
      closing = true;
      socket.destroy();
    },
  };
}

/** One request, as the server's own interface takes them; its answer's text. */
export async function requestNats(port: number, subject: string, payload: string): Promise<string> {
  let refuse: (error: Error) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => {
    refuse = reject;
  });
  const { socket, inbox, onMessage } = await Promise.race([greet(port, (error) => refuse(error)), failed]);
  try {
    const answer = new Promise<string>((resolve) => onMessage(resolve));
    socket.write(publication(subject, inbox, payload));
    return await Promise.race([answer, failed]);
  } finally {
    refuse = () => undefined;
    socket.destroy();
  }
}

interface Greeted {
  socket: Socket;
  /** The subject on which answers come. */
  inbox: string;
  onMessage(take: (text: string) => void): void;
}

async function greet(port: number, fail: (error: Error) => void): Promise<Greeted> {
  const socket = connect(port, "127.0.0.1").setNoDelay(true);
  const inbox = `_INBOX.${Math.random().toString(36).slice(2)}`;
  let take: (text: string) => void = () => undefined;
  let rest = "";
  let closed = false;
  socket.on("error", (error) => closed || fail(error));
  socket.on("close", () => closed || fail(new Error("the server closed a connection")));
  const ready = new Promise<void>((resolve) => {
    socket.on("data", (chunk: Buffer) => {
      rest += chunk.toString("latin1");
      for (;;) {
        const line = rest.indexOf("\r\n");
        if (line === -1) return;
        const verb = rest.slice(0, line);
        let end = line + 2;
        if (/^H?MSG /.test(verb)) {
          end += Number(verb.slice(verb.lastIndexOf(" ") + 1)) + 2;
          if (rest.length < end) return;
          take(rest.slice(line + 2, end - 2));
        } else if (verb === "PING") socket.write("PONG\r\n");
        else if (verb === "PONG") resolve();
        else if (verb.startsWith("-ERR")) fail(new Error(verb));
        rest = rest.slice(end);
      }
    });
  });
  const said = JSON.stringify({
    verbose: false,
    pedantic: false,
    headers: true,
    no_responders: true,
    lang: "bench",
  });
  socket.write(`CONNECT ${said}\r\nSUB ${inbox} 1\r\nPING\r\n`);
  await ready;
  const destroy = socket.destroy.bind(socket);
  socket.destroy = (error) => {
    closed = true;
    return destroy(error);
  };
  return { socket, inbox, onMessage: (next) => (take = next) };
}

function publication(subject: string, inbox: string, payload: string): string {
  return `PUB ${subject} ${inbox} ${Buffer.byteLength(payload)}\r\n${payload}\r\n`;
}
