import { hash } from "node:crypto";
import type { CommandKind, CommsEnvelope } from "../../generated/types.js";
import { CONTRACT_VERSION } from "../../generated/version.js";
import { ContractError } from "../../kernel/contract-error.js";
import { decodeJson } from "../../kernel/json.js";
import { maxFrameBytes } from "../../kernel/wire.js";
import type { OwnKey } from "./key-ring.js";
import { sign, verify } from "./keys.js";

/** How far the clocks of two machines may be apart. */
export const clockToleranceMs = 5 * 60_000;

/** What an envelope says besides what the link adds. */
export interface EnvelopeHead {
  envelope_id: string;
  from: string;
  from_id: string;
  to: string;
  to_id?: string;
  kind: CommandKind;
  interaction_id: string;
  created_at: string;
  expires_at: string;
  traceparent?: string;
}

const contractLine = CONTRACT_VERSION.split(".").slice(0, 2).join(".");
const signaturePart = /,"sig":"([A-Za-z0-9_-]{86})"\}$/;

/** The envelope as text, signed over its bytes before the signature, which is its last field. */
export function sealEnvelope(head: EnvelopeHead, payload: string, pairSeq: number, key: OwnKey): string {
  const open = JSON.stringify({
    v: contractLine,
    ...head,
    pair_seq: pairSeq,
    key_id: key.keyId,
    payload_b64: Buffer.from(payload).toString("base64url"),
  }).slice(0, -1);
  return `${open},"sig":"${sign(key, statement(open))}"}`;
}

export interface EnvelopeCheck {
  isEnvelope: (value: unknown) => boolean;
  /** The public key with the id, if it still proves the sender. */
  keyOf(keyId: string): string | undefined;
  /** Wall time, milliseconds. */
  now: number;
}

/** An envelope whose signature is good. */
export interface OpenedEnvelope {
  envelope: CommsEnvelope;
  /** It has not expired, or the clocks of both machines may be apart by as much, and it is not from the future. */
  fresh: boolean;
}

/**
 * The envelope of a text that came over a link; throws `invalid_request` for what is none, `unauthenticated` for a wrong
 * signature or an unknown key. The bytes are checked as they came, so fields that only a later daemon knows change
 * nothing.
 */
export function openEnvelope(text: string, { isEnvelope, keyOf, now }: EnvelopeCheck): OpenedEnvelope {
  const value = decodeJson(Buffer.from(text), maxFrameBytes);
  const match = signaturePart.exec(text);
  if (match === null || !isEnvelope(value))
    throw new ContractError("invalid_request", { message: "Not a signed envelope." });
  const envelope = value as CommsEnvelope;
  const publicKey = keyOf(envelope.key_id);
  // A text with two signatures reads as its last one: that is the one which is checked.
  if (publicKey === undefined || !verify(publicKey, statement(text.slice(0, match.index)), match[1]!))
    throw new ContractError("unauthenticated", {
      message: "The envelope's signature does not prove its sender.",
    });
  const created = Date.parse(envelope.created_at);
  const expires = Date.parse(envelope.expires_at);
  const fresh = created <= now + clockToleranceMs && expires > now - clockToleranceMs;
  return { envelope, fresh };
}

function statement(open: string): Buffer {
  return Buffer.concat([Buffer.from("parley envelope\n"), hash("sha256", open, "buffer")]);
}
