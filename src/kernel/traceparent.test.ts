import { expect, test } from "vitest";
import { formatTraceparent, parseTraceparent } from "./traceparent.js";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const spanId = "00f067aa0ba902b7";

test("[telemetry.trace] a header is read and written", () => {
  const header = `00-${traceId}-${spanId}-01`;
  expect(parseTraceparent(header)).toEqual({ traceId, spanId, sampled: true });
  expect(formatTraceparent(parseTraceparent(header)!)).toBe(header);
  expect(parseTraceparent(`00-${traceId}-${spanId}-02`)).toMatchObject({ sampled: false });
  expect(parseTraceparent(`42-${traceId}-${spanId}-01-more`)).toMatchObject({ traceId });
});

test.each([
  undefined,
  "",
  `00-${traceId}-${spanId}`,
  `00-${traceId.toUpperCase()}-${spanId}-01`,
  `00-${"0".repeat(32)}-${spanId}-01`,
  `00-${traceId}-${"0".repeat(16)}-01`,
  `ff-${traceId}-${spanId}-01`,
  `00-${traceId}-${spanId}-01-more`,
])("[telemetry.trace] %s is no context and no error", (header) => {
  expect(parseTraceparent(header)).toBeUndefined();
});
