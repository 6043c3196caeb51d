import fc from "fast-check";
import { expect, test } from "vitest";
import { connectionRoom, fewestOpenFiles } from "./connection-room.js";

test("[daemon.few-files] with enough files every configured connection is served", () => {
  expect(connectionRoom(10_000)).toEqual({
    tcp: { served: 10_000, surplus: 256 },
    unix: { served: Number.POSITIVE_INFINITY, surplus: 256 },
  });
  expect(connectionRoom(10_000, 20_000).tcp).toEqual({ served: 10_000, surplus: 256 });
});

test("[daemon.few-files] whatever the limit, connections leave files for the daemon and for the user's socket", () => {
  const limits = fc.integer({ min: fewestOpenFiles, max: 100_000 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000_000 }), limits, (connections, openFiles) => {
      const { tcp, unix } = connectionRoom(connections, openFiles);
      const all = tcp.served + tcp.surplus + unix.served + unix.surplus;
      expect(all).toBeLessThanOrEqual(openFiles - 64);
      expect(tcp.served).toBeLessThanOrEqual(connections);
      expect(tcp.served).toBeGreaterThan(0);
      expect(unix.served).toBeGreaterThanOrEqual(24);
    }),
  );
});
