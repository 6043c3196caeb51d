import { readFileSync } from "node:fs";

/** The kernel's tables of TCP sockets, on Linux. */
export type ReadTable = (path: string) => string;

const listening = "0A";

/**
 * The other user who listens on the TCP port, by the kernel's tables: nothing is sent to find out. Undefined when no other
 * user does, or when the platform does not show it.
 */
export function strangerOnPort(port: number, uid: number, read: ReadTable = readText): number | undefined {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return ["/proc/net/tcp", "/proc/net/tcp6"]
    .flatMap((table) => read(table).split("\n"))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => local?.endsWith(suffix) && state === listening)
    .map((fields) => Number(fields[7]))
    .find((owner) => owner !== uid);
}

function readText(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
