import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createServer } from "node:net";
import { strangerOnPort } from "../../../../sdks/typescript/src/runtime/node/port-owner.js";
import { programName } from "../../../platform/program-name.js";
import { ok, type Result, trouble } from "./finding.js";
import type { Surroundings } from "./surroundings.js";

export async function checkPort(
  { config, daemon }: Pick<Surroundings, "config" | "daemon">,
  strangerOn = (port: number) => strangerOnPort(port, process.geteuid?.() ?? -1),
): Promise<Result> {
  const { host, port } = config instanceof Error ? { host: "127.0.0.1", port: 7433 } : config.server;
  const wanted = `${host}:${port}`;
  const address = daemon instanceof Error ? undefined : daemon.address;
  if (port === 0) return ok("any free port is taken");
  if (address !== undefined && Number(new URL(address).port) === port) return ok(`the daemon has ${wanted}`);
  if (await isFree(host, port)) return ok(`${wanted} is free`);
  const stranger = strangerOn(port);
  if (stranger !== undefined) {
    const says = `${wanted} belongs to user ${stranger}`;
    return address === undefined ? trouble("port-foreign", says) : ok(`${says}; your daemon has ${address}`);
  }
  return trouble("port-taken", `${wanted} is taken by ${holderOf(port) ?? "another program"}`);
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** Name and pid of the process that listens there, where Linux lets this user see it. */
export function holderOf(port: number): string | undefined {
  const inodes = new Set(["/proc/net/tcp", "/proc/net/tcp6"].flatMap((table) => listening(table, port)));
  if (inodes.size === 0) return undefined;
  for (const pid of entriesOf("/proc").filter((name) => /^\d+$/.test(name)))
    for (const fd of entriesOf(`/proc/${pid}/fd`))
      if (inodes.has(targetOf(`/proc/${pid}/fd/${fd}`)))
        return `${programName(Number(pid)) ?? "a program"} (pid ${pid})`;
  return undefined;
}

/** Links of the sockets that listen on the port, by the kernel's table. */
function listening(table: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  let text: string;
  try {
    text = readFileSync(table, "utf8");
  } catch {
    return [];
  }
  return text
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(suffix) && fields[3] === "0A")
    .map((fields) => `socket:[${fields[9]}]`);
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // Gone meanwhile, or another user's.
    return [];
  }
}

function targetOf(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return "";
  }
}
