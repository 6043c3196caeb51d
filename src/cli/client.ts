import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { createClient, type Parley } from "../../sdks/typescript/src/index.js";
import { UsageError } from "./arguments.js";

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

/** A client of the daemon that the global options name: by default this machine's own, over its unix socket. */
export function connect(options: GlobalOptions): Parley {
  if (options.baseUrl !== undefined && options.tokenFile === undefined) {
    throw new UsageError(
      "--base-url needs --token-file with a token for that daemon (`parley token create` there)",
    );
  }
  return createClient({
    ...(options.baseUrl === undefined ? {} : { baseUrl: options.baseUrl }),
    ...(options.tokenFile === undefined ? {} : { token: readFileSync(options.tokenFile, "utf8").trim() }),
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
