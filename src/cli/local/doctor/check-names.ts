import { lookup } from "node:dns/promises";
import { isIPv4 } from "node:net";
import { hostname } from "node:os";
import { ok, type Result, trouble } from "./finding.js";

/** The system's resolver: all addresses of a name; rejects when there is none. */
export type Resolve = (name: string) => Promise<string[]>;

const systemResolve: Resolve = async (name) =>
  (await lookup(name, { all: true })).map(({ address }) => address);

export async function checkNames(
  resolve: Resolve = systemResolve,
  machine: string = hostname(),
): Promise<Result[]> {
  const addressesOf = (name: string): Promise<string[]> => resolve(name).catch(() => []);
  const [local, below, own] = await Promise.all(["localhost", "parley.localhost", machine].map(addressesOf));
  const found: Result[] = [];
  const said = local!.join(", ") || "nothing";
  if (local!.length === 0 || !local!.every(isLoopback))
    found.push(trouble("localhost-wrong", `localhost is ${said}`));
  else if (!local!.some((address) => isIPv4(address)))
    found.push(trouble("localhost-no-v4", `localhost is ${said}`));
  if (below!.length === 0 || !below!.every(isLoopback))
    found.push(trouble("localhost-names", `parley.localhost is ${below!.join(", ") || "nothing"}`));
  if (own!.length === 0)
    found.push(trouble("hostname-unknown", `${machine} has no address`, { name: machine }));
  return found.length > 0 ? found : [ok(`localhost is ${said}, ${machine} is ${own![0]}`)];
}

function isLoopback(address: string): boolean {
  return address === "::1" || address.startsWith("127.");
}
