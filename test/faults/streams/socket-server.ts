import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAuthenticator, localPrincipal } from "../../../src/auth/authenticator.js";
import { createDispatch, handlerTable } from "../../../src/kernel/dispatch.js";
import { systemIds } from "../../../src/kernel/ids.js";
import { silentLogger } from "../../../src/kernel/logger.js";
import { createValidators } from "../../../src/kernel/validate.js";
import { listen } from "../../../src/surfaces/http/listen.js";
import { createRestSurface } from "../../../src/surfaces/rest/surface.js";
import { createRpcSurface } from "../../../src/surfaces/rpc/surface.js";
import type { InProcess } from "./in-process.js";

export interface SocketServer extends AsyncDisposable {
  readonly port: number;
  readonly token: string;
}

/** The surfaces on a real port over the planes whose clock the moves drive. */
export async function serve({ clock, world }: InProcess): Promise<SocketServer> {
  const folder = mkdtempSync(join(tmpdir(), "parley-races-"));
  const ambient = { clock, ids: systemIds(clock), log: silentLogger };
  const token = "reader";
  const auth = createAuthenticator({
    tokens: { verify: (bearer) => (bearer === token ? localPrincipal : null) },
    browser: { verify: () => null, unproven: () => null },
    hosts: { allowedHosts: [], allowedOrigins: [] },
  });
  const dispatch = createDispatch({
    handlers: handlerTable({
      system: {} as never,
      endpoints: {} as never,
      sessions: world.sessions.handlers,
      comms: world.comms.handlers,
    }),
    validators: createValidators(),
    sessionOwner: (name) => world.sessions.directory.byName(name)?.principal,
  });
  const rpc = createRpcSurface({ ambient, dispatch, auth, openrpc: async () => "{}" });
  const rest = await createRestSurface({
    ambient,
    dispatch,
    auth,
    limits: { bodyBytes: 1024 * 1024 },
    routes: {},
  });
  const listeners = await listen({
    handle: rest.handle,
    upgrades: { "/rpc": rpc.handleUpgrade },
    host: "127.0.0.1",
    port: 0,
    socketPlaces: [() => join(folder, "d.sock")],
    limits: { headerBytes: 16_384, headerTimeoutMs: 10_000, requestTimeoutMs: 30_000, connections: 1000 },
    ...ambient,
  });
  return {
    port: listeners.port,
    token,
    async [Symbol.asyncDispose]() {
      await rpc.close();
      await listeners.close(0);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
