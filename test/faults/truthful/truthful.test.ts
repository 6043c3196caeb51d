import { describe, expect, test } from "vitest";
import { type Mutation, mutatedBundle } from "../kit/mutated-bundle.js";
import { expectHeld } from "../kit/short-form.js";
import { faultRun } from "./run.js";
import type { topology as Topology } from "./topology.js";

test("[faults.truthful] peers lists what send reaches, over topologies that change all the time", () =>
  expectHeld(faultRun));

/** Seeds within which a broken program must be found out. */
const within = 200;

describe("[faults.truthful-self-test] a list that is not true is found out", () => {
  const mutations: Record<string, Mutation> = {
    "peers that take nothing are listed": {
      file: "resolver.ts",
      from: "route.peerId === sender.sessionId || route.kinds.length === 0",
      to: "route.peerId === sender.sessionId",
    },
    "another peer of the name gets what the first refuses": {
      file: "resolver.ts",
      from: "if (takes && route.peerId === owner?.peerId)",
      to: "if (takes)",
    },
    "a change of a session is not a change of the directory": {
      file: "directory.ts",
      from: "session.update(record, rev);\n    this.#changed();",
      to: "session.update(record, rev);",
    },
    "send does not ask for the policy": {
      file: "resolver.ts",
      from: "const takes = route.kinds.includes(kind);",
      to: "const takes = route.kind === 'inproc' || route.kinds.includes(kind);",
    },
    "one is one's own peer": {
      file: "resolver.ts",
      from: "route.peerId === sender.sessionId || ",
      to: "",
    },
  };
  test.each(Object.entries(mutations))("%s", async (_, mutation) => {
    using bundle = await mutatedBundle({ topology: "test/faults/truthful/topology.ts" }, [mutation]);
    const { topology } = (await import(bundle.path("topology"))) as { topology: typeof Topology };
    const found: string[] = [];
    for (let seed = 1; seed <= within && found.length === 0; seed += 1)
      found.push(...(await topology(seed)).violations);
    expect(found).not.toEqual([]);
  });
});
