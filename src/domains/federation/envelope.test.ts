import { describe, expect, test } from "vitest";
import { systemClock } from "../../kernel/clock.js";
import { systemIds } from "../../kernel/ids.js";
import { createValidators } from "../../kernel/validate.js";
import { clockToleranceMs, openEnvelope, sealEnvelope } from "./envelope.js";
import { keyIdOf, newKeyPair, sign } from "./keys.js";

const isEnvelope = createValidators().message("comms.envelope");
const ids = systemIds(systemClock);
const pair = newKeyPair("Ed25519", ids);
const key = { ...pair, keyId: keyIdOf(pair.publicKey) };
const now = Date.UTC(2026, 10, 21);
const iso = (ms: number): string => new Date(ms).toISOString();
const head = {
  envelope_id: "0199f3a0-4c3e-7a10-8f11-6a1d2c3b4e5f",
  from: "planner",
  from_id: "0199f3a0-4c3e-7a10-8f11-6a1d2c3b4e60",
  to: "reviewer",
  kind: "peer_message" as const,
  interaction_id: "0199f3a0-4c3e-7a10-8f11-6a1d2c3b4e61",
  created_at: iso(now),
  expires_at: iso(now + 3_600_000),
};
const text = sealEnvelope(head, '{"kind":"peer_message"}', 7, key);
const check = (at = now, keyOf = (id: string) => (id === key.keyId ? key.publicKey : undefined)) => ({
  isEnvelope,
  keyOf,
  now: at,
});

describe("[link.envelope] an envelope", () => {
  test("is proven over its bytes as they were sent", () => {
    expect(openEnvelope(text, check())).toMatchObject({ fresh: true, envelope: { ...head, pair_seq: 7 } });
  });

  test.each<[what: string, changed: string, code: string]>([
    ["another recipient", text.replace('"to":"reviewer"', '"to":"deployer"'), "unauthenticated"],
    ["one more blank", text.replace('"to":', '"to": '), "unauthenticated"],
    ["another number", text.replace('"pair_seq":7', '"pair_seq":8'), "unauthenticated"],
    ["another signature", text.replace(/"sig":".{4}/, '"sig":"AAAA'), "unauthenticated"],
    ["something behind the signature", `${text.slice(0, -1)},"to":"deployer"}`, "invalid_request"],
    ["no signature", text.replace(/,"sig":"[^"]+"/, ""), "invalid_request"],
    ["a missing field", text.replace('"from":"planner",', ""), "invalid_request"],
    ["no JSON", "envelope", "parse_error"],
  ])("with %s is refused", (_what, changed, code) => {
    expect(changed).not.toBe(text);
    expect(() => openEnvelope(changed, check())).toThrow(expect.objectContaining({ code }));
  });

  test("of an unknown key, or of one that is another's, is refused", () => {
    const other = newKeyPair("Ed25519", ids);
    for (const known of [undefined, other.publicKey, "AAAA"])
      expect(() =>
        openEnvelope(
          text,
          check(now, () => known),
        ),
      ).toThrow(expect.objectContaining({ code: "unauthenticated" }));
  });

  test("[link.envelope-growth] [field.signed-bytes] with a field that only a later daemon knows is proven all the same", () => {
    const open = text.replace(/,"sig":"[^"]+"\}$/, ',"urgency":"high"');
    const body = Buffer.from(open);
    const { createHash } = process.getBuiltinModule("node:crypto");
    const statement = Buffer.concat([
      Buffer.from("parley envelope\n"),
      createHash("sha256").update(body).digest(),
    ]);
    const later = `${open},"sig":"${sign(key, statement)}"}`;
    expect(openEnvelope(later, check())).toMatchObject({ envelope: { urgency: "high" } });
  });

  test("[link.envelope-fresh] [field.freshness] is stale past its time, beyond what clocks may differ, and when it is from far ahead", () => {
    const fresh = (at: number): boolean => openEnvelope(text, check(at)).fresh;
    expect(fresh(now + 3_600_000 + clockToleranceMs - 1)).toBe(true);
    expect(fresh(now + 3_600_000 + clockToleranceMs)).toBe(false);
    expect(fresh(now - clockToleranceMs)).toBe(true);
    expect(fresh(now - clockToleranceMs - 1)).toBe(false);
  });
});
