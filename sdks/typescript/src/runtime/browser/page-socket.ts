import type { Deadline } from "../deadline.js";
import { clientError } from "../errors.js";
import type { MessageSocket, SocketHandlers } from "../transport.js";
import { connectNativeSocket } from "./native-socket.js";
import { challengeFor } from "./page-key.js";

/** A daemon answers at once; a program that took its port may never. Milliseconds. */
const proofTimeout = 5_000;

/**
 * Opens a WebSocket with the page key: one of a page has no headers of its own, so its first frame carries the key, once
 * the daemon has proven itself on this very connection. Rejects with `daemon_unreachable`; browsers hide why an upgrade
 * was refused.
 */
export async function connectPageSocket(
  url: URL,
  key: string,
  handlers: SocketHandlers,
  deadline: Deadline,
): Promise<MessageSocket> {
  const challenge = await challengeFor(url.host, key);
  if (challenge !== undefined) url.searchParams.set("nonce", challenge.nonce);
  const answered = Promise.withResolvers<string>();
  const unproven = (what: string): void =>
    answered.reject(clientError("daemon_unreachable", `The WebSocket to ${url.host} ${what}.`));
  answered.promise.catch(() => {});
  let receive: SocketHandlers = {
    activity: () => {},
    message: answered.resolve,
    closed: (code) => unproven(`closed with ${code} before the daemon had proven itself`),
  };
  const stop = deadline.onFailure(answered.reject);
  const late = setTimeout(() => unproven("got no proof of the daemon"), proofTimeout);
  try {
    const socket = await connectNativeSocket(
      url,
      {
        activity: () => receive.activity(),
        message: (text) => receive.message(text),
        closed: (code, reason) => receive.closed(code, reason),
      },
      deadline,
    );
    try {
      challenge?.check(await answered.promise);
    } catch (error) {
      socket.destroy();
      throw error;
    }
    receive = handlers;
    socket.send(JSON.stringify({ page_key: key }));
    return socket;
  } finally {
    clearTimeout(late);
    stop();
  }
}
