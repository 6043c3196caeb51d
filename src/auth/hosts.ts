import type { IncomingHttpHeaders } from "node:http";
import { isIPv4, isIPv6 } from "node:net";
import type { OriginRule } from "../kernel/authentication.js";

/** Who may reach the TCP listener by name: loopback always, the rest from the configuration. */
export interface HostRules {
  /** Host names without ports, lower case, for example `parley.lan`. */
  allowedHosts: readonly string[];
  /** Whole origins, for example `https://parley.lan`. */
  allowedOrigins: readonly string[];
}

/**
 * What is wrong with Host and Origin, or null. A page of another site can make a browser connect to loopback, by name
 * after DNS rebinding too; only these two headers tell it from the user's own pages. An Origin is good when it is the
 * very origin that Host names, port included (all ports of localhost are one site to a browser), or a configured one.
 */
export function originProblem(
  headers: IncomingHttpHeaders,
  rules: HostRules,
  rule: OriginRule = "check",
): { field: "host" | "origin"; expected: string; got: string } | null {
  const host = parseHost(headers.host);
  if (host === null || !(isLoopbackName(host.name) || rules.allowedHosts.includes(host.name))) {
    return {
      field: "host",
      expected: "a loopback name or one of allowed_hosts",
      got: headers.host ?? "absent",
    };
  }
  const { origin } = headers;
  if (origin === undefined) {
    return rule === "require" ? { field: "origin", expected: "the page's own origin", got: "absent" } : null;
  }
  if (rules.allowedOrigins.includes(origin) || isSameOrigin(origin, host)) {
    return null;
  }
  return { field: "origin", expected: "the page's own origin or one of allowed_origins", got: origin };
}

/** Name in lower case (IPv6 without brackets) and port of a Host header; null when it is none. */
export function parseHost(header: string | undefined): { name: string; port: string } | null {
  const match = hostPattern.exec(header ?? "");
  if (match === null) {
    return null;
  }
  const [, ipv6, name, port = ""] = match;
  if (ipv6 !== undefined) {
    return isIPv6(ipv6) ? { name: ipv6.toLowerCase(), port } : null;
  }
  return { name: name!.toLowerCase(), port };
}

const hostPattern =
  /^(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?))(?::([0-9]{1,5}))?$/;

/** `localhost` and literal loopback addresses; `127.evil.test` and `localhost.evil.test` are neither. */
function isLoopbackName(name: string): boolean {
  return name === "localhost" || name === "::1" || (isIPv4(name) && name.startsWith("127."));
}

function isSameOrigin(origin: string, host: { name: string; port: string }): boolean {
  const match = originPattern.exec(origin);
  const parsed = match === null ? null : parseHost(match[2]);
  if (match === null || parsed === null) {
    return false;
  }
  const usual = match[1] === "https" ? "443" : "80";
  return parsed.name === host.name && (parsed.port || usual) === (host.port || usual);
}

const originPattern = /^(https?):\/\/([^/?#@\s]{1,300})$/;
