// The TypeScript SDK of a program talks to a daemon: what each call comes to.
// client-process.ts <the SDK's entry file> <Callee as JSON>
import type { createClient as Create, Parley } from "../../../sdks/typescript/src/index.js";
import type { Callee } from "./clients.js";

const [sdk, told] = process.argv.slice(2) as [string, string];
const { createClient } = (await import(sdk)) as { createClient: typeof Create };
const callee = JSON.parse(told) as Callee;
const outcomes: Record<string, string> = {};

async function attempt(name: string, call: () => PromiseLike<unknown>): Promise<void> {
  outcomes[name] = await call().then(
    () => "works",
    (error: { code?: string; message: string }) => `${error.code}: ${error.message}`,
  );
}

async function attemptAll(over: string, client: Parley): Promise<void> {
  await attempt(`version over ${over}`, () => client.system.version());
  await attempt(`peers over ${over}`, () => client.peers());
  await attempt(`send over ${over}`, () => client.send({ kind: "peer_message", to: callee.name, body: "x" }));
  await attempt(`stream over ${over}`, async () => {
    const scope = { kind: "session" as const, session_id: callee.sessionId };
    for await (const _ of client.stream(scope, { follow: false }));
  });
  await attempt(`host over ${over}`, async () => (await client.holdSession(`ts-${over.length}`)).release());
  const { echo } = client.system as { echo?: () => PromiseLike<unknown> };
  if (echo !== undefined) await attempt(`new operation over ${over}`, () => echo.call(client.system));
  await client.close();
}

const patience = { retries: 0, timeout: 10_000 };
await attemptAll("the socket", createClient({ socketPath: callee.socketPath, ...patience }));
await attemptAll("TCP", createClient({ baseUrl: callee.address, token: callee.token, ...patience }));
process.stdout.write(JSON.stringify(outcomes));
