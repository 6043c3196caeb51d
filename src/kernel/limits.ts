/** Limits of one connection; `initialize` tells them to the client. */
export const connectionLimits = {
  frameBytes: 1024 * 1024,
  inFlight: 64,
  streams: 32,
  batch: 32,
} as const;
