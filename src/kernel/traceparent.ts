/** W3C trace context of one span. */
export interface TraceContext {
  /** 32 hex digits, not all zero. */
  traceId: string;
  /** 16 hex digits, not all zero. */
  spanId: string;
  sampled: boolean;
}

const pattern = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** Reads a `traceparent` header; undefined when it is absent or breaks the specification's rules, which is never an error. */
export function parseTraceparent(header: string | undefined): TraceContext | undefined {
  const match = header === undefined ? null : pattern.exec(header);
  if (match === null) {
    return undefined;
  }
  const [, version, traceId, spanId, flags, rest] = match;
  const known = version === "00";
  if (version === "ff" || (known && rest !== undefined) || /^0+$/.test(traceId!) || /^0+$/.test(spanId!)) {
    return undefined;
  }
  return { traceId: traceId!, spanId: spanId!, sampled: (Number.parseInt(flags!, 16) & 1) === 1 };
}

/** The header of a context, in version 00. */
export function formatTraceparent({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${sampled ? "01" : "00"}`;
}
