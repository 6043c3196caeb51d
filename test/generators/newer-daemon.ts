import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** What a later contract puts where this one is open. */
export const laterValue = "from_a_later_contract";

/** The fields of open enums in the answers to `sessions.open`, `send` and `peers`. */
const openEnums = new Set(["state", "source"]);

/** A server in front of a daemon that answers as a newer one would: every answer has new fields, and every open enum a new value. */
export async function startNewerDaemon(address: string): Promise<{ address: string; close(): void }> {
  const server: Server = createServer(async (request, response) => {
    const body: Buffer[] = [];
    for await (const chunk of request) body.push(chunk as Buffer);
    const { authorization = "", "parley-session": session } = request.headers;
    const answer = await fetch(new URL(request.url ?? "/", address), {
      method: request.method ?? "GET",
      headers: {
        authorization,
        ...(session === undefined ? {} : { "parley-session": String(session) }),
        ...(body.length > 0 ? { "content-type": "application/json" } : {}),
      },
      ...(body.length > 0 ? { body: Buffer.concat(body) } : {}),
    });
    const text = JSON.stringify(answer.ok ? newer(await answer.json()) : await answer.json());
    response.writeHead(answer.status, { "content-type": "application/json" }).end(text);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { address: `http://127.0.0.1:${port}`, close: () => server.close().closeAllConnections() };
}

function newer(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(newer);
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).map(([name, inner]) => [
    name,
    openEnums.has(name) && typeof inner === "string" ? laterValue : newer(inner),
  ]);
  return { ...Object.fromEntries(fields), [laterValue]: { deep: [1] } };
}
