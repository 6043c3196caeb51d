import { Client } from "./runtime/client.js";
import { NodeSource } from "./runtime/node/node-source.js";
import { checkNodeVersion } from "./runtime/node/node-version.js";
import type { ClientOptions } from "./runtime/options.js";

/** A client for Node programs: it finds the daemon by itself, or takes `baseUrl` and `token`. */
export class Parley extends Client {
  constructor(options: ClientOptions = {}) {
    checkNodeVersion();
    super(new NodeSource(options), options);
  }
}

/** A client; the same as `new Parley(options)`. */
export function createClient(options: ClientOptions = {}): Parley {
  return new Parley(options);
}

export * from "./exports.js";
