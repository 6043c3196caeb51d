/** Every plane that there may be, in the order of everything that is listed by plane. */
export const planeOrder: readonly string[] = [
  "system",
  "sessions",
  "comms",
  "leases",
  "providers",
  "nodes",
  "relay",
  "endpoints",
  "mounts",
  "fs",
  "pty",
  "audit",
];
