import { FetchTransport } from "./runtime/browser/fetch-transport.js";
import { Client } from "./runtime/client.js";
import type { ClientOptions } from "./runtime/options.js";
import type { TransportSource } from "./runtime/transport.js";

/** What a page may choose; address and credentials are those of the page. */
export type BrowserOptions = Omit<ClientOptions, "token" | "socketPath">;

/** A client for pages that the daemon serves: the sign-in cookie is its credentials. */
export class Parley extends Client {
  constructor(options: BrowserOptions = {}) {
    super(pageSource(options.baseUrl), options);
  }
}

/** A client; the same as `new Parley(options)`. */
export function createClient(options: BrowserOptions = {}): Parley {
  return new Parley(options);
}

function pageSource(
  baseUrl = (globalThis as unknown as { location: { origin: string } }).location.origin,
): TransportSource {
  const transport = new FetchTransport(baseUrl);
  return { get: () => Promise.resolve(transport), forget: () => {}, close: () => {} };
}

export * from "./exports.js";
export { type Page, signIn, signOut } from "./runtime/browser/sign-in.js";
