import type { Server } from "node:net";

/** Resolves once the server listens; `begin` calls its `listen`. */
export function started(server: Server, begin: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (then: () => void): void => {
      server.off("listening", onListening);
      server.off("error", onError);
      then();
    };
    const onListening = (): void => settle(resolve);
    const onError = (cause: Error): void => settle(() => reject(cause));
    server.once("listening", onListening);
    server.once("error", onError);
    begin();
  });
}
