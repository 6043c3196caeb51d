import type { Deadline } from "../deadline.js";
import { clientError } from "../errors.js";
import type { MessageSocket, SocketHandlers } from "../transport.js";

/** The browser's WebSocket; it says nothing of pings, cannot stop reading and hides why an upgrade was refused. */
export function connectNativeSocket(
  url: URL,
  handlers: SocketHandlers,
  deadline: Deadline,
): Promise<MessageSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    const lost = (): Error =>
      deadline.failure ?? clientError("daemon_unreachable", `No WebSocket to ${url.host}.`);
    const stop = deadline.onFailure(() => socket.close());
    let open = false;
    socket.onopen = () => {
      stop();
      open = true;
      resolve({
        showsPings: false,
        send: (text) => socket.send(text),
        close: (code, reason) => socket.close(code, reason),
        destroy: () => socket.close(),
        pause: () => {},
        resume: () => {},
        hold: () => {},
        release: () => {},
      });
    };
    socket.onmessage = ({ data }) => {
      handlers.activity();
      if (typeof data === "string") handlers.message(data);
    };
    socket.onclose = ({ code, reason }) => {
      stop();
      if (open) handlers.closed(code, reason);
      else reject(lost());
    };
  });
}
