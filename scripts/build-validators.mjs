// Compiles the schemas of requests and messages once, at build time, so that the daemon's start compiles nothing.
import { Ajv2020 } from "ajv/dist/2020.js";
import standalone from "ajv/dist/standalone/index.js";
import { build } from "esbuild";
import { root } from "./setup.mjs";

/** Writes an ES module that exports `validators`: one ajv function for each operation's and each message's id. */
export async function buildValidators(outFile) {
  const { requestSchemas, messageSchemas, ajvOptions, boundErrors } = await loadSources();
  const ajv = new Ajv2020({ ...ajvOptions, code: { ...ajvOptions.code, source: true } });
  const schemas = { ...requestSchemas, ...messageSchemas };
  const ids = Object.keys(schemas);
  for (const id of ids) ajv.addSchema(schemas[id], id);
  const code = standalone.default(ajv, Object.fromEntries(ids.map((id) => [id, id])));
  await build({
    // ajv's own ESM output still calls `require`; as a body around its CommonJS output the bundler resolves those.
    stdin: {
      contents: `const exports = {};\n${boundErrors(code)}\nexport { exports as validators };\n`,
      resolveDir: root,
      sourcefile: "validators.js",
    },
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node24",
    minifySyntax: true,
    minifyWhitespace: true,
    logLevel: "warning",
    absWorkingDir: root,
    outfile: outFile,
  });
}

/** The TypeScript tables that the validators are made of, bundled in memory. */
async function loadSources() {
  const { outputFiles } = await build({
    stdin: {
      contents:
        'export { messageSchemas, requestSchemas } from "./src/generated/schemas.js"; export { ajvOptions, boundErrors } from "./src/kernel/ajv-options.js";',
      resolveDir: root,
      loader: "ts",
    },
    bundle: true,
    write: false,
    platform: "node",
    format: "esm",
    target: "node20",
    absWorkingDir: root,
  });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);
}
