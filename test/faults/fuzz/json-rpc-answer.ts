import { flawOf, flawOfPayload } from "../abuse/judge.js";
import type { Reply } from "../abuse/raw-client.js";
import { parsed } from "./case.js";

/** A JSON-RPC answer or notification as it may come. */
export interface AnswerFrame {
  jsonrpc?: unknown;
  id?: unknown;
  method?: unknown;
  result?: unknown;
  error?: { code?: unknown; message?: unknown; data?: unknown };
}

/** Errors that MCP's specification defines carry what it says instead of the contract's payload. */
const ofMcp = new Set<unknown>([-32_020, -32_022]);

/** The answers in a body; undefined when it is something else than JSON-RPC. */
export function framesOf(body: string): AnswerFrame[] | undefined {
  const read = parsed(body);
  if (typeof read?.value !== "object" || read.value === null) return undefined;
  const frames = [read.value].flat() as AnswerFrame[];
  return frames.length > 0 && frames.every((frame) => frame?.jsonrpc !== undefined) ? frames : undefined;
}

/** What is wrong with an HTTP reply whose body may be JSON-RPC; undefined when nothing is. */
export function flawOfReply(reply: Reply, { headOnly = false } = {}): string | undefined {
  const frames = reply.status < 500 && !headOnly ? framesOf(reply.body) : undefined;
  return frames === undefined ? flawOf(reply, { headOnly }) : flawOfFrames(frames);
}

/** What is wrong with JSON-RPC answers, each by itself. */
export function flawOfFrames(frames: readonly AnswerFrame[]): string | undefined {
  for (const frame of frames) {
    const { jsonrpc, id, error } = frame;
    const shown = JSON.stringify(frame).slice(0, 300);
    if (jsonrpc !== "2.0" || !("id" in frame) || "result" in frame === "error" in frame)
      return `no JSON-RPC answer: ${shown}`;
    if (id !== null && typeof id !== "string" && typeof id !== "number") return `an id of no kind: ${shown}`;
    if (error === undefined) continue;
    if (!Number.isInteger(error.code) || typeof error.message !== "string") return `no error: ${shown}`;
    const flaw = ofMcp.has(error.code) ? undefined : flawOfPayload(JSON.stringify(error.data ?? null));
    if (flaw !== undefined) return flaw;
  }
  return undefined;
}
