import type { Command } from "commander";
import { createClient, type Parley, ParleyError } from "../../sdks/typescript/src/index.js";
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
export function connect(options: GlobalOptions, keepAlive = true, timeout?: number): Parley {
  if (options.baseUrl !== undefined && options.tokenFile === undefined) {
    throw new UsageError(
      "--base-url needs --token-file with a token for that daemon (`parley token create` there)",
    );
  }
  return createClient({
    keepAlive,
    ...(timeout === undefined ? {} : { timeout }),
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
  return withClientOf(options, (client) => body(client, options));
}

/** As `withClient`. Without `keepAlive` each call has a connection of its own, which starts a command of one call sooner. */
export async function withClientOf<T>(
  options: GlobalOptions,
  body: (client: Parley) => PromiseLike<T>,
  keepAlive = true,
): Promise<T> {
  const client = connect(options, keepAlive);
  try {
    return await body(client);
  } catch (error) {
    throw await explained(error, options);
  } finally {
    await client.close();
  }
}

/** A daemon of another user does not know the token: the error then names that user and what to type. */
export async function explained(error: unknown, { baseUrl }: GlobalOptions): Promise<unknown> {
  const isRefused = error instanceof ParleyError && error.code === "unauthenticated";
  if (!isRefused || baseUrl === undefined || process.geteuid === undefined) return error;
  const { hostname, port, protocol } = new URL(baseUrl);
  if (!/^(127\.[\d.]+|\[::1\]|localhost|.*\.localhost)$/.test(hostname)) return error;
  const { strangerOnPort } = await import("../../sdks/typescript/src/runtime/node/port-owner.js");
  const number = Number(port || (protocol === "https:" ? 443 : 80));
  const stranger = strangerOnPort(number, process.geteuid());
  if (stranger === undefined) return error;
  const hint = `port ${number} belongs to user ${stranger}: a daemon there is not yours. Start your own with \`parley up --detach\` and leave out --base-url`;
  return Object.assign(error, { hint });
}
