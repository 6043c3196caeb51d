import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAuthenticator, localPrincipal } from "../../../src/auth/authenticator.js";
import { rawRoutes } from "../../../src/generated/raw.js";
import type { Authenticator } from "../../../src/kernel/authentication.js";
import { systemClock } from "../../../src/kernel/clock.js";
import type { Dispatch } from "../../../src/kernel/dispatch.js";
import type { StreamClosed, StreamItem } from "../../../src/kernel/handlers.js";
import { systemIds } from "../../../src/kernel/ids.js";
import { silentLogger } from "../../../src/kernel/logger.js";
import type { RawHandler, RouteTable } from "../../../src/kernel/raw.js";
import { listen } from "../../../src/surfaces/http/listen.js";
import { contractHeaders } from "../../../src/surfaces/http/reply.js";
import { createRestSurface } from "../../../src/surfaces/rest/surface.js";
import { createRpcSurface } from "../../../src/surfaces/rpc/surface.js";
import type { WalkTarget } from "./walk.js";

/** The surfaces as the daemon composes them, over handlers that answer everything, with the authenticator changed. */
export async function startSurfaces(
  change: (real: Authenticator) => Authenticator,
): Promise<WalkTarget & AsyncDisposable> {
  const folder = mkdtempSync(join(tmpdir(), "parley-walk-"));
  const ambient = { clock: systemClock, ids: systemIds(systemClock), log: silentLogger };
  const token = "good";
  const page = { cookie: "parley_session=good", pageKey: "key" };
  const auth = change(
    createAuthenticator({
      tokens: { verify: (bearer) => (bearer === token ? localPrincipal : null) },
      browser: {
        verify: (cookie, key) => (cookie === page.cookie && key === page.pageKey ? localPrincipal : null),
        unproven: (cookie) => (cookie === page.cookie ? { prove: () => null, answer: () => null } : null),
      },
      hosts: { allowedHosts: [], allowedOrigins: [] },
    }),
  );
  const dispatch = everything();
  const answer: RawHandler = async (_request, response, { requestId }) =>
    void response.writeHead(200, contractHeaders(requestId)).end();
  const rpc = createRpcSurface({ ambient, dispatch, auth, openrpc: async () => "{}" });
  const rest = await createRestSurface({
    ambient,
    dispatch,
    auth,
    limits: { bodyBytes: 1024 * 1024 },
    routes: Object.fromEntries(rawRoutes.map(({ id }) => [id, { serve: answer }])) as RouteTable,
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
    deadTokens: { garbage: "bad" },
    page,
    async [Symbol.asyncDispose]() {
      await rpc.close();
      await listeners.close(0);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Answers whoever gets this far and has credentials where they are needed. */
function everything(): Dispatch {
  return {
    unary: async () => ({}),
    stream: async () => ({
      opened: { stream_id: "x" } as never,
      events: noEvents(),
    }),
    drain: async () => undefined,
  };
}

// biome-ignore lint/correctness/useYield: a stream that ends at once has nothing to yield.
async function* noEvents(): AsyncGenerator<StreamItem, StreamClosed, void> {
  return { stream_id: "x", reason: "drained" };
}
