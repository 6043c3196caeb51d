import { expect, test } from "vitest";
import { startSurfaces } from "./_server.js";
import { walk } from "./walk.js";

test("[abuse.walk] the walk is green where Host and Origin are checked, and red where they are not", async () => {
  {
    await using checked = await startSurfaces((real) => real);
    const { walked, broken } = await walk(checked);
    expect(broken).toEqual([]);
    expect(walked).toBeGreaterThan(4_000);
  }
  await using unchecked = await startSurfaces((real) => ({ ...real, admit: () => undefined }));
  const { broken } = await walk(unchecked);
  for (const caller of ["rebound Host", "foreign Origin", "null Origin"]) {
    expect(broken).toContainEqual(`${caller}: GET /status (upgrade none): answered 200`);
    expect(broken).toContainEqual(`${caller}: GET /rpc (upgrade websocket): answered 101`);
    expect(broken).toContainEqual(`${caller}: POST /mcp (upgrade none): answered 200`);
  }
});

test("[abuse.walk] the walk is red where credentials are not checked", async () => {
  await using open = await startSurfaces((real) => ({
    ...real,
    authenticate: ({ headers }, transport) =>
      real.authenticate({ headers: { ...headers, authorization: "Bearer good" } }, transport),
  }));
  const { broken } = await walk(open);
  expect(broken).toContainEqual("no credentials: GET /tokens (upgrade none): answered 200");
  expect(broken).toContainEqual("no credentials: GET /rpc (upgrade websocket): answered 101");
});

test("[trust.page-key] the walk is red where a page's cookie is enough", async () => {
  await using loose = await startSurfaces((real) => ({
    ...real,
    authenticate: ({ headers, method = "GET" }, transport) =>
      real.authenticate(
        { headers: { "parley-page-key": "key", origin: "own", ...headers }, method },
        transport,
      ),
  }));
  const { broken } = await walk(loose);
  expect(broken).toContainEqual("cookie alone: GET /tokens (upgrade none): answered 200");
  expect(broken).toContainEqual("cookie and Origin: POST /rpc (upgrade none): answered 200");
  expect(broken.filter((flaw) => flaw.startsWith("page key and Origin"))).toEqual([]);
});
