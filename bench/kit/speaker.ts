import { type BenchDaemon, openSession } from "./daemon.js";

/** The one byte by which readers count events: nothing else in a stream contains it. */
export const marker = "~";

/** A session with a claimed interaction into which events can be emitted. */
export interface Speaker {
  sessionId: string;
  /** Path and body of a request that emits this many events of about 250 bytes on the wire. */
  emitRequest(events: number): { path: string; body: string };
  emit(events: number): Promise<void>;
}

export async function openSpeaker(daemon: BenchDaemon, name: string): Promise<Speaker> {
  const { sessionId, leaseToken } = await openSession(daemon, name);
  await daemon.call("POST", "/comms/send", { kind: "input", session_id: sessionId, body: "speak" });
  const drained = await daemon.call<{
    claim: { token: string };
    interactions: { interaction_id: string }[];
  }>("POST", `/sessions/${name}/drain`, { lease_token: leaseToken, max: 1, wait_ms: 5_000 });
  const path = `/sessions/${name}/emit`;
  const event = {
    kind: "text_delta",
    turn_id: "0199f3a0-4c3e-7a10-8f11-6a1d2c3b4e5f",
    delta: `${marker}${"x".repeat(40)}`,
  };
  const bodyOf = (events: number): object => ({
    claim_token: drained.claim.token,
    interaction_id: drained.interactions[0]!.interaction_id,
    events: Array.from({ length: events }, () => event),
  });
  return {
    sessionId,
    emitRequest: (events) => ({ path, body: JSON.stringify(bodyOf(events)) }),
    emit: async (events) => void (await daemon.call("POST", path, bodyOf(events))),
  };
}
