import { hash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import type { FastifyInstance } from "fastify";

const types: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "application/javascript; charset=utf-8",
  ".json": "application/json; charset=utf-8",
};

/** Names of XML vocabularies that browsers compare with; they are never opened. */
const vocabularies = "www.w3.org";

/** An http address with a host name of the internet: of several labels, and no number. */
const address = /(https?:\/\/)((?:[\p{L}\p{N}-]+\.)+\p{L}[\p{L}\p{N}-]*)/gu;

/**
 * The text with `localhost` in place of every host on the internet: the explorer's packages name an online validator,
 * pages about their errors and samples. The explorer works without a network, and a page of this daemon leads nowhere else.
 */
export function withoutOutsideHosts(text: string): string {
  return text.replace(address, (url, scheme: string, host: string) =>
    host === vocabularies ? url : `${scheme}localhost`,
  );
}

/** Serves the text files of the explorer's package below `prefix`, without outside hosts. */
export async function serveExplorerFiles(
  app: FastifyInstance,
  prefix: string,
  folder: string,
): Promise<void> {
  for (const name of await readdir(folder)) {
    const type = types[extname(name)];
    // The package answers this path with a redirect to the page.
    if (type === undefined || name === "index.html") continue;
    const body = withoutOutsideHosts(await readFile(join(folder, name), "utf8"));
    const etag = `"${hash("sha256", body, "base64url").slice(0, 22)}"`;
    app.get(`${prefix}/${name}`, (request, reply) => {
      reply.header("etag", etag).header("cache-control", "no-cache");
      if (request.headers["if-none-match"] === etag) return reply.code(304).send();
      return reply.type(type).send(body);
    });
  }
}
