import { request as httpRequest } from "node:http";
import { operations } from "../../../src/generated/operations.js";
import { restRoutes } from "../../../src/generated/rest.js";
import type { TestDaemon } from "../../support/daemon.js";
import { errorShape, type Surface } from "../surface.js";

/** REST as a foreign client sees it: node:http, a bearer token, nothing of ours. */
export function restSurface(daemon: TestDaemon): Surface {
  return {
    name: "rest",
    async call(operation, request, session, token = daemon.token) {
      const route = restRoutes.find((candidate) => candidate.operation === operation)!;
      let path: string = route.path;
      let rest: unknown = request;
      if (route.pathFields.length > 0) {
        const fields = { ...(request as Record<string, unknown>) };
        for (const field of route.pathFields) {
          path = path.replace(`:${field}`, encodeURIComponent(String(fields[field])));
          delete fields[field];
        }
        rest = fields;
      }
      let body: string | undefined;
      if (route.in === "body") body = JSON.stringify(rest);
      else path += query(rest as Record<string, unknown>);
      const answer = await send(
        daemon,
        token,
        route.method,
        path,
        body,
        session,
        operations[operation].kind === "stream",
      );
      if (answer.status >= 400) return { error: errorShape(answer.body) };
      return { response: answer.body };
    },
    close: async () => undefined,
  };
}

/** The events that a scope has now, without what differs from run to run. */
export async function readEvents(daemon: TestDaemon, scope: unknown): Promise<unknown[]> {
  const path = `/comms/stream${query({ scope, after_sequence: 0, follow: false })}`;
  const headers = { authorization: `Bearer ${daemon.token}`, accept: "application/json" };
  const answer = await fetch(daemon.address + path, { headers });
  const { events } = (await answer.json()) as { events: { event: unknown }[] };
  return events.map(({ event }) => event);
}

/** A union in the query is its tag under its own name with the variant's fields beside it. */
function query(fields: Record<string, unknown>): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === "object" && value !== null) {
      const { kind, ...inner } = value as Record<string, unknown>;
      params.set(name, String(kind));
      for (const [key, field] of Object.entries(inner)) params.set(key, String(field));
    } else params.set(name, String(value));
  }
  return params.size === 0 ? "" : `?${params}`;
}

function send(
  daemon: TestDaemon,
  token: string,
  method: string,
  path: string,
  body: string | undefined,
  session: string | undefined,
  stream: boolean,
): Promise<{ status: number; body: unknown }> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      daemon.address + path,
      {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...(session === undefined ? {} : { "parley-session": session }),
        },
      },
      (response) => {
        let text = "";
        const finish = (): void =>
          resolve({ status: response.statusCode!, body: text === "" ? undefined : JSON.parse(text) });
        response.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk;
          const opened = stream ? /event: stream_opened\ndata: (.*)\n/.exec(text) : null;
          if (opened === null) return;
          text = opened[1]!;
          finish();
          outgoing.destroy();
        });
        response.on("end", finish);
        response.on("error", reject);
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
