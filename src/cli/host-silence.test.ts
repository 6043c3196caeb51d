import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { HostSilence } from "./host-silence.js";

let lines: string[] = [];
beforeEach(() => {
  lines = [];
  vi.useFakeTimers({ now: Date.parse("2026-11-21T09:30:00Z") });
});
afterEach(() => {
  vi.useRealTimers();
});

const report = (line: string): void => void lines.push(line);
const take = (silence: HostSilence, kind: string, more = {}): boolean =>
  silence.take({ at: new Date().toISOString(), interaction_id: "i", event: { kind, ...more } });
const sign = (silence: HostSilence): boolean =>
  take(silence, "extension", { namespace: "parley", name: "working" });

describe("[cli.silent-host] a reader is given", () => {
  test("one line for each silence of a host that works, in place of its signs of life", () => {
    const silence = new HostSilence(report);
    expect(take(silence, "text_delta")).toBe(false);
    for (let at = 0; at < 5; at += 1) {
      vi.advanceTimersByTime(20_000);
      expect(sign(silence)).toBe(true);
    }
    expect(lines).toEqual(["· the host works; no output for 20 s"]);
    take(silence, "text_delta");
    vi.advanceTimersByTime(40_000);
    sign(silence);
    expect(lines.slice(1)).toEqual(["· the host works; no output for 40 s"]);
  });

  test("one line when the signs of life end, and none after the interaction's end", () => {
    const silence = new HostSilence(report);
    take(silence, "turn_started");
    vi.advanceTimersByTime(74_000);
    expect(lines).toEqual([]);
    vi.advanceTimersByTime(300_000);
    expect(lines).toEqual([expect.stringMatching(/^· no sign of life from the host for 75 s; /)]);
    take(silence, "text_delta");
    take(silence, "interaction_complete");
    vi.advanceTimersByTime(300_000);
    expect(lines).toHaveLength(1);
  });

  test("one line when no host takes the interaction, unless the reason was given", () => {
    const silence = new HostSilence(report, true);
    take(silence, "interaction_started");
    vi.advanceTimersByTime(60_000);
    expect(lines).toEqual(["· no host has taken it yet; it waits until one does or it expires"]);
    const explained = new HostSilence(report, true);
    take(explained, "interaction_started");
    explained.explained();
    vi.advanceTimersByTime(60_000);
    const session = new HostSilence(report);
    take(session, "interaction_started");
    vi.advanceTimersByTime(60_000);
    expect(lines).toHaveLength(1);
  });

  test("the events of other extensions as before", () => {
    const silence = new HostSilence(report);
    expect(take(silence, "extension", { namespace: "other", name: "working" })).toBe(false);
    silence.stop();
    vi.advanceTimersByTime(300_000);
    expect(lines).toEqual([]);
  });
});
