import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { parseJson } from "../http-errors.js";
import type { Address } from "./address.js";
import { readServerSection } from "./toml-address.js";

/** What discovery looks at; tests give their own. */
export interface Surroundings {
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  home: string;
  platform: string;
}

export function processSurroundings(): Surroundings {
  return { env: process.env, cwd: process.cwd(), home: homedir(), platform: process.platform };
}

const defaultPort = 7433;

/**
 * Where the daemon of this user is: its discovery file, then `parley.toml`, then its usual places. The unix socket is
 * taken where there is one, except by a caller with a token: that token's principal is who it wants to be.
 */
export function findDaemon(token: string | undefined, surroundings: Surroundings): Address {
  const { env, home, platform } = surroundings;
  const state = join(env.XDG_STATE_HOME || join(home, ".local/state"), "parley");
  const found = readDiscoveryFile(join(state, "daemon.json"));
  const configured = readConfig(surroundings);
  const usual = env.XDG_RUNTIME_DIR ? [join(env.XDG_RUNTIME_DIR, "parley/daemon.sock")] : [];
  const sockets = [found.socket_path, configured.socket, ...usual, join(state, "daemon.sock")];
  if (token === undefined && platform !== "win32") {
    const socketPath = sockets.find((path) => path !== undefined && existsSync(path));
    if (socketPath !== undefined) return { socketPath };
  }
  if (found.address !== undefined && URL.canParse(found.address)) return { url: new URL(found.address) };
  const { host = "127.0.0.1", port = defaultPort } = configured;
  const reachable = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  return { url: new URL(`http://${reachable.includes(":") ? `[${reachable}]` : reachable}:${port}`) };
}

function readDiscoveryFile(path: string): { socket_path?: string; address?: string } {
  const value = parseJson(readText(path) ?? "");
  if (typeof value !== "object" || value === null) return {};
  const { socket_path, address } = value as { socket_path?: unknown; address?: unknown };
  return {
    ...(typeof socket_path === "string" ? { socket_path } : {}),
    ...(typeof address === "string" ? { address } : {}),
  };
}

function readConfig({ env, cwd, home }: Surroundings): { host?: string; port?: number; socket?: string } {
  const user = env.XDG_CONFIG_HOME || join(home, ".config");
  const places = [join(cwd, "parley.toml"), join(user, "parley/parley.toml"), "/etc/parley/parley.toml"];
  for (const place of places) {
    const text = readText(place);
    if (text !== undefined) return readServerSection(text);
  }
  return {};
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
