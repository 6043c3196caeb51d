/** Where a daemon's HTTP server is. */
export type Address = { socketPath: string } | { url: URL };

/** The host to connect to: every `*.localhost` name is this machine, whatever the resolver says. */
export function connectHost(hostname: string): string {
  const name = hostname.replace(/^\[|\]$/g, "");
  return name === "localhost" || name.endsWith(".localhost") ? "127.0.0.1" : name;
}

/** The address in words. */
export function describeAddress(address: Address): string {
  return "socketPath" in address ? `unix:${address.socketPath}` : address.url.origin;
}
