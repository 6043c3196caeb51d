import type { Command } from "commander";
import { createClient, type Parley } from "../../sdks/typescript/src/index.js";
import { readSecretFile, UsageError } from "./arguments.js";

export interface GlobalOptions {
  json?: boolean;
  requestFromStdin?: boolean;
  as?: string;
  baseUrl?: string;
  tokenFile?: string;
}

export function globals(command: Command): GlobalOptions {
  return command.optsWithGlobals();
}

/** Lease of the sessions that commands hold: short, so that one that was killed can soon be started again. */
export const hostTtl = 15_000;

/** A client of the daemon that the global options name: by default this machine's own, over its unix socket. */
export function connect(options: GlobalOptions, keepAlive = true): Parley {
  if (options.baseUrl !== undefined && options.tokenFile === undefined) {
    throw new UsageError(
      "--base-url needs --token-file with a token for that daemon (`parley token create` there)",
    );
  }
  return createClient({
    keepAlive,
    ...(options.baseUrl === undefined ? {} : { baseUrl: options.baseUrl }),
    ...(options.tokenFile === undefined ? {} : { token: readSecretFile("--token-file", options.tokenFile) }),
    ...(options.as === undefined ? {} : { session: options.as }),
  });
}

/** Runs `body` with a client and closes it whatever happens. */
export async function withClient<T>(
  command: Command,
  body: (client: Parley, options: GlobalOptions) => PromiseLike<T>,
): Promise<T> {
  const options = globals(command);
  const client = connect(options);
  try {
    return await body(client, options);
  } finally {
    await client.close();
  }
}
