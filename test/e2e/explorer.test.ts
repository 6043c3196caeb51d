import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startDaemon, type TestDaemon } from "../support/daemon.js";

const folder = fileURLToPath(new URL("../../node_modules/@fastify/swagger-ui/static/", import.meta.url));
const paths = [
  "/docs",
  "/docs/",
  "/docs/json",
  "/docs/yaml",
  "/docs/static/swagger-initializer.js",
  "/docs/static/theme/page-key.js",
  ...readdirSync(folder).map((name) => `/docs/static/${name}`),
];
/** Headers that fence the console. */
const fences = [
  "content-security-policy",
  "x-content-type-options",
  "referrer-policy",
  "cross-origin-opener-policy",
  "cross-origin-resource-policy",
];

/** Hosts that a text names with http or https, or as the address of a tag without a scheme. */
function namedHosts(text: string): string[] {
  const named = [
    ...text.matchAll(/https?:\/\/(?=[\p{L}\p{N}[])([^\s"'`<>\\/$?#,;:)|(\]]+)/giu),
    ...text.matchAll(/(?:src|href)=["']?\/\/([^/"'\s>]+)/gi),
    ...text.matchAll(/url\(["']?\/\/([^/"')\s]+)/gi),
  ];
  return [...new Set(named.map(([, host]) => host!.toLowerCase()))].sort();
}

/** Whether a host is this machine, one of the user's own network in an example, or no host. */
function isInside(host: string): boolean {
  // The name of an XML vocabulary, and the beginning of a name that the page completes at random.
  if (host === "www.w3.org" || host === "base") return true;
  return /^(?:localhost|127(?:\.\d+){3}|192\.168(?:\.\d+){2}|10(?:\.\d+){3})$/.test(host);
}

describe("[docs.local] the explorer", () => {
  let daemon: TestDaemon;
  beforeAll(async () => {
    daemon = await startDaemon();
  });
  afterAll(() => daemon?.[Symbol.asyncDispose]());

  test.each(paths)("%s has the console's security headers and names no outside host", async (path) => {
    const consolePage = await fetch(`${daemon.address}/`);
    await consolePage.arrayBuffer();
    const response = await fetch(daemon.address + path, { redirect: "manual" });
    expect([200, 302]).toContain(response.status);
    for (const name of fences) {
      expect(consolePage.headers.get(name), name).not.toBeNull();
      expect(response.headers.get(name), name).toBe(consolePage.headers.get(name));
    }
    expect(namedHosts(response.headers.get("content-security-policy")!)).toEqual([]);
    const hosts = namedHosts(await response.text());
    expect(hosts.filter((host) => !isInside(host))).toEqual([]);
  });

  test("its files are sent once, and again only when they differ", async () => {
    const address = `${daemon.address}/docs/static/swagger-ui-bundle.js`;
    const first = await fetch(address);
    expect((await first.text()).length).toBeGreaterThan(1_000_000);
    const again = await fetch(address, { headers: { "if-none-match": first.headers.get("etag")! } });
    expect(again.status).toBe(304);
    expect(again.headers.get("content-security-policy")).toBe(first.headers.get("content-security-policy"));
  });

  test("red when a page names a host", () => {
    const page = '<script src="//cdn.example.com/x.js"></script> "https://validator.example.org/v"';
    expect(namedHosts(page)).toEqual(["cdn.example.com", "validator.example.org"]);
    expect(namedHosts(page).filter((host) => !isInside(host))).toHaveLength(2);
  });
});
