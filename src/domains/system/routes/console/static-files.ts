import { hash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { extname, join, relative, sep } from "node:path";
import { ContractError } from "../../../../kernel/contract-error.js";
import type { RawHandler } from "../../../../kernel/raw.js";
import { contentSecurityPolicy, pageHeaders } from "../page-headers.js";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".json": "application/json",
  ".map": "application/json",
  ".woff2": "font/woff2",
  ".txt": "text/plain; charset=utf-8",
  ".webmanifest": "application/manifest+json",
};

const fences = pageHeaders(contentSecurityPolicy());

interface StaticFile {
  path: string;
  type: string;
}

interface LoadedFile {
  body: Buffer;
  etag: string;
}

/**
 * Serves the files that lie in a folder when it is first asked, `/` as `index.html`, and nothing else: a path is looked
 * up in that list and never made into a file name. Browsers ask again each time and mostly hear that nothing changed.
 */
export function createStaticFiles({ folder }: { folder: string }): RawHandler {
  let listing: Promise<Map<string, StaticFile>> | undefined;
  const loaded = new Map<string, Promise<LoadedFile>>();
  return async (request, response, { path, requestId }) => {
    listing ??= listFiles(folder);
    const file = (await listing).get(path === "/" ? "/index.html" : path);
    if (file === undefined) {
      throw new ContractError("route_not_found");
    }
    let entry = loaded.get(file.path);
    if (entry === undefined) {
      entry = load(file.path);
      loaded.set(file.path, entry);
    }
    const { body, etag } = await entry;
    const headers: Record<string, string | number> = {
      etag,
      "cache-control": "no-cache",
      ...fences,
      "parley-request-id": requestId,
    };
    if (request.headers["if-none-match"] === etag) {
      response.writeHead(304, headers).end();
      return;
    }
    response.writeHead(200, { ...headers, "content-type": file.type, "content-length": body.length });
    response.end(request.method === "HEAD" ? undefined : body);
  };
}

async function listFiles(folder: string): Promise<Map<string, StaticFile>> {
  const files = new Map<string, StaticFile>();
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const type = types[extname(entry.name)];
    if (entry.isFile() && type !== undefined) {
      const path = join(entry.parentPath, entry.name);
      files.set(`/${relative(folder, path).split(sep).join("/")}`, { path, type });
    }
  }
  return files;
}

async function load(path: string): Promise<LoadedFile> {
  const body = await readFile(path);
  return { body, etag: `"${hash("sha256", body, "base64url").slice(0, 22)}"` };
}
