import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { InboundAction, InboundPolicy, SendableKind } from "../../../generated/types.js";
import { CONTRACT_VERSION } from "../../../generated/version.js";
import type { ContractError } from "../../../kernel/contract-error.js";
import { peers } from "../comms/peers.js";
import type { DirectorySession, SessionDirectory } from "../ports.js";
import { Resolver } from "./resolver.js";
import {
  type InprocRoute,
  kindsTaken,
  type Route,
  type RouteSource,
  sendableKinds,
  type TrustedRoute,
} from "./route-source.js";

interface Said {
  peerId: string;
  policy?: InboundPolicy;
  /** What the way carries. */
  carries?: readonly SendableKind[];
}

type Names = Readonly<Record<string, Said>>;

const me = session("me", "me");

function session(name: string, sessionId: string): DirectorySession {
  const unsaid = { description: undefined, labels: undefined, leaseExpiresAt: undefined };
  return {
    name,
    sessionId,
    principal: { kind: "local", name: "local" },
    inboundPolicy: {},
    closed: false,
    live: true,
    ...unsaid,
  };
}

function routeTo(name: string, { peerId, policy = {}, carries = sendableKinds }: Said): Omit<Route, "kind"> {
  return {
    peerId,
    name,
    description: undefined,
    labels: undefined,
    inboundPolicy: policy,
    kinds: kindsTaken(policy).filter((kind) => carries.includes(kind)),
    presence: "online",
    observedAt: undefined,
    leaseExpiresAt: undefined,
    contractVersion: CONTRACT_VERSION,
    endpointUrl: undefined,
    session: session(name, peerId),
  };
}

function source<R extends Route>(
  names: Names,
  route: (name: string, said: Said) => R,
  kind: R["kind"],
): RouteSource<R> {
  return {
    kind,
    generation: 1,
    byName: (name) => (names[name] === undefined ? undefined : route(name, names[name])),
    all: () =>
      Object.keys(names)
        .sort()
        .map((name) => route(name, names[name]!)),
  };
}

const trusted = (names: Names): RouteSource<TrustedRoute> =>
  source(names, (name, said) => ({ ...routeTo(name, said), kind: "trusted", endpointId: "e" }), "trusted");
const inproc = (names: Names): RouteSource<InprocRoute> =>
  source(
    names,
    (name, said) => ({ ...routeTo(name, said), kind: "inproc", session: session(name, said.peerId) }),
    "inproc",
  );

const directory = { ensure: () => me } as unknown as SessionDirectory;

function resolverOver(far: Names, near: Names): Resolver {
  return new Resolver(directory, [trusted(far), inproc(near)]);
}

async function listed(resolver: Resolver) {
  const context = { principal: {}, clock: { now: () => 0 } } as never;
  return (await peers(resolver, { waiting: () => undefined })({}, context)).peers;
}

function outcome(resolver: Resolver, name: string, kind: SendableKind, expected?: string): string {
  try {
    const { kind: way, peerId } = resolver.resolve(me, name, kind, expected);
    return `${way} ${peerId}`;
  } catch (error) {
    return (error as ContractError).code;
  }
}

describe("[comms.routes] each kind takes the first way that carries it", () => {
  test("trusted before inproc, and inproc for what the link does not carry", async () => {
    const resolver = resolverOver(
      { bob: { peerId: "b", carries: ["peer_message"] } },
      { bob: { peerId: "b" }, zoe: { peerId: "z" } },
    );
    expect(await listed(resolver)).toMatchObject([
      {
        name: "bob",
        source: "trusted_and_inproc",
        sendable_kinds: ["peer_message", "peer_request", "peer_response"],
        selected_route_by_kind: { peer_message: "trusted", peer_request: "inproc", peer_response: "inproc" },
      },
      { name: "zoe", source: "inproc" },
    ]);
    expect(outcome(resolver, "bob", "peer_message")).toBe("trusted b");
    expect(outcome(resolver, "bob", "peer_request")).toBe("inproc b");
  });

  test("another peer of the name is never sent what the preferred one refuses", async () => {
    const resolver = resolverOver(
      { bob: { peerId: "far", policy: { peer_request: "refuse" } } },
      { bob: { peerId: "near" } },
    );
    expect(await listed(resolver)).toMatchObject([
      { name: "bob", peer_id: "far", source: "trusted", sendable_kinds: ["peer_message", "peer_response"] },
    ]);
    expect(outcome(resolver, "bob", "peer_request")).toBe("peer_not_sendable");
    expect(outcome(resolver, "bob", "peer_message")).toBe("trusted far");
  });

  test("one that takes nothing leaves its name to the next", async () => {
    const nothing: InboundPolicy = {
      peer_message: "refuse",
      peer_request: "refuse",
      peer_response: "refuse",
    };
    const resolver = resolverOver({ bob: { peerId: "far", policy: nothing } }, { bob: { peerId: "near" } });
    expect(await listed(resolver)).toMatchObject([{ name: "bob", peer_id: "near", source: "inproc" }]);
    expect(outcome(resolver, "bob", "peer_request")).toBe("inproc near");
    expect(await listed(resolverOver({}, { bob: { peerId: "near", policy: nothing } }))).toEqual([]);
  });

  test("of two with the name the expected one is taken, and another when it is gone", () => {
    const resolver = resolverOver({ bob: { peerId: "far" } }, { bob: { peerId: "near" } });
    expect(outcome(resolver, "bob", "peer_response")).toBe("trusted far");
    expect(outcome(resolver, "bob", "peer_response", "near")).toBe("inproc near");
    expect(outcome(resolver, "bob", "peer_response", "gone")).toBe("trusted far");
  });

  test("oneself is no peer by any way", async () => {
    const resolver = resolverOver(
      { me: { peerId: "me" }, alias: { peerId: "me" } },
      { me: { peerId: "me" } },
    );
    expect(await listed(resolver)).toEqual([]);
    expect(outcome(resolver, "me", "peer_message")).toBe("self_session_denied");
    expect(outcome(resolver, "nobody", "peer_message")).toBe("peer_not_found");
    const namesake = resolverOver({ me: { peerId: "other" } }, { me: { peerId: "me" } });
    expect(outcome(namesake, "me", "peer_message")).toBe("trusted other");
  });

  test("the generation rises with that of any way", () => {
    const far = { ...trusted({}), generation: 5 };
    const resolver = new Resolver(directory, [far, inproc({})]);
    const before = resolver.generation;
    far.generation += 1;
    expect(resolver.generation).toBeGreaterThan(before);
  });
});

const names = ["a", "b", "c", "me"];
const action = fc.constantFrom<InboundAction>("accept", "hold", "refuse");
const policy = fc.record({ peer_message: action, peer_request: action, peer_response: action });
const peerIds = ["p", "q", "r", "me"] as const;
/** Whoever sees a peer knows the same policy; what a way carries is the way's. */
const policies = fc.record({ p: policy, q: policy, r: policy, me: policy });
const way = fc.record({ peerId: fc.constantFrom(...peerIds), carries: fc.subarray([...sendableKinds]) });
const places = fc.dictionary(fc.constantFrom(...names), way, { noNullPrototype: true });

test("[comms.truthful] [seed003.m3] [seed003.accept-truthful] [field.one-view] over all mixes of ways and policies, what is listed is what send resolves, and nothing else", async () => {
  await fc.assert(
    fc.asyncProperty(policies, places, places, async (policyOf, farPlaces, nearPlaces) => {
      const withPolicies = (ways: typeof farPlaces): Names =>
        Object.fromEntries(
          Object.entries(ways).map(([name, said]) => [name, { ...said, policy: policyOf[said.peerId] }]),
        );
      const resolver = resolverOver(withPolicies(farPlaces), withPolicies(nearPlaces));
      const entries = await listed(resolver);
      const known = entries.map(({ name }) => name);
      expect(known).toEqual([...new Set(known)].sort());
      for (const name of names) {
        const entry = entries.find((peer) => peer.name === name);
        for (const kind of sendableKinds) {
          const got = outcome(resolver, name, kind);
          const way = entry?.selected_route_by_kind[kind];
          expect(way !== undefined).toBe(entry?.sendable_kinds.includes(kind) ?? false);
          if (way === undefined)
            expect(["peer_not_found", "peer_not_sendable", "self_session_denied"]).toContain(got);
          else {
            expect(got).toBe(`${way} ${entry!.peer_id}`);
            expect(outcome(resolver, name, kind, entry!.peer_id)).toBe(got);
            expect(entry!.inbound_policy[kind]).not.toBe("refuse");
          }
        }
        if (entry !== undefined) expect(entry.sendable_kinds).not.toEqual([]);
      }
    }),
    { numRuns: 2_000 },
  );
});
