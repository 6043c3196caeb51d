import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { describe, expect, test } from "vitest";

const source = fileURLToPath(new URL("../src", import.meta.url));

describe("[sdk.build] the bundle", () => {
  test("has no dependencies, and its entry no WebSocket code", async () => {
    const { metafile } = await build({
      entryPoints: [`${source}/index.ts`],
      bundle: true,
      write: false,
      metafile: true,
      splitting: true,
      format: "esm",
      platform: "node",
      outdir: "out",
    });
    expect(Object.keys(metafile.inputs).filter((path) => path.includes("node_modules"))).toEqual([]);
    const entry = Object.values(metafile.outputs).find(({ entryPoint }) =>
      entryPoint?.endsWith("src/index.ts"),
    );
    const inEntry = Object.keys(entry?.inputs ?? {});
    expect(inEntry.some((path) => path.endsWith("node/node-transport.ts"))).toBe(true);
    expect(inEntry.filter((path) => /web-socket|frame-|guards/.test(path))).toEqual([]);
  });

  test("for browsers needs nothing of Node", async () => {
    const { metafile } = await build({
      entryPoints: [`${source}/browser.ts`],
      bundle: true,
      write: false,
      metafile: true,
      format: "esm",
      platform: "browser",
    });
    const inputs = Object.keys(metafile.inputs);
    expect(inputs.filter((path) => path.includes("/node/") || path.includes("node_modules"))).toEqual([]);
  });
});
