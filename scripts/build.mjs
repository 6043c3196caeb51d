// Bundles sources into dist/: the daemon, its core for embedding, the store's writer thread, the CLI, the SDK and the console.
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import { build } from "esbuild";
import { parse } from "yaml";
import { hashFiles, isCurrent, remember, root } from "./setup.mjs";

const sources = ["src", "console", "sdks/typescript/src", "scripts"];
const key = hashFiles([...sources.flatMap(filesBelow), "openapi.yaml", "package-lock.json"].sort());
if (
  process.argv.includes("--if-stale") &&
  existsSync(join(root, "dist/daemon.js")) &&
  isCurrent("build", key)
) {
  process.exit(0);
}

const started = Date.now();
const out = join(root, "dist");
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

const common = {
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node24",
  logLevel: "warning",
  absWorkingDir: root,
};
/** Modules of the daemon: one file starts a third faster than a tree of packages. What stays outside is loaded late or not at all. */
const modules = {
  ...common,
  outdir: "dist",
  external: [
    "./validators.js",
    "fastify",
    "@fastify/swagger",
    "@fastify/swagger-ui",
    "ajv",
    "bufferutil",
    "utf-8-validate",
  ],
  banner: {
    js: 'import { createRequire as requireFrom } from "node:module";\nconst require = requireFrom(import.meta.url);',
  },
};
/** In front of what other programs import: an old Node must read as far as this. Without spaces, to stay an import below. */
const checkNode =
  'import{createRequire as requireFrom}from"node:module";import nodeVersion from"./node-version.cjs";\n' +
  'if (!nodeVersion.fits(nodeVersion.oldest)) throw new Error(nodeVersion.complaint("parleyd/core", nodeVersion.oldest));\n' +
  "const require = requireFrom(import.meta.url);";
const { buildValidators } = await import("./build-validators.mjs");
await Promise.all([
  build({
    ...modules,
    entryPoints: {
      "daemon-main": "src/main.ts",
      "sqlite-writer": "src/storage/sqlite/writer-worker.ts",
    },
  }),
  build({
    ...modules,
    entryPoints: { core: "src/core.ts" },
    target: "node14.18",
    banner: { js: checkNode },
  }),
  build({
    ...common,
    entryPoints: { program: "src/cli/program.ts" },
    outdir: "dist",
    splitting: true,
    chunkNames: "cli-[name]-[hash]",
    metafile: true,
  }).then(refuseServerPackages),
  build({
    ...common,
    // Node is through with a CommonJS program sooner, by a sixth of its own start.
    format: "cjs",
    entryPoints: ["src/cli/main.ts"],
    outfile: "dist/cli-main.cjs",
    external: ["./program.js"],
    define: { "import.meta.url": "__filename" },
    minifySyntax: true,
    minifyWhitespace: true,
    metafile: true,
  }).then(refuseServerPackages),
  buildValidators(join(out, "validators.js")),
  import("./build-sdk.mjs").then((sdk) => sdk.buildSdk()),
  buildConsole(),
]);
// Reading YAML takes the daemon a tenth of a second, in which it does nothing else.
writeFileSync(
  join(out, "openapi.json"),
  JSON.stringify(parse(readFileSync(join(root, "openapi.yaml"), "utf8"))),
);
for (const name of readdirSync(out)) if (name.endsWith(".js")) requireBuiltins(join(out, name));
for (const name of ["node-version.cjs", "cli.cjs", "daemon.js"])
  copyFileSync(join(root, "scripts/entry", name), join(out, name));
chmodSync(join(out, "cli.cjs"), 0o755);
remember("build", key);
console.log(`parley: built in ${((Date.now() - started) / 1000).toFixed(1)} s`);

/**
 * Takes from Node's own modules what is used, and nothing else. An `import` evaluates every export of such a module, and
 * one of `node:http` loads fetch with HTTP/2: together they take longer than the whole start of Node.
 */
function requireBuiltins(path) {
  const text = readFileSync(path, "utf8");
  const taken = text
    .replace(
      /^import (\w+) from "(node:child_process)";$/gm,
      // Commander starts a process only for commands that are programs of their own.
      (_, name, module) =>
        `const ${name} = { get spawn() { return process.getBuiltinModule("${module}").spawn; } };`,
    )
    .replace(
      /^import (\{[^}]*\}|\w+) from "(node:[\w/]+)";$/gm,
      (_, names, module) =>
        `const ${names.replaceAll(" as ", ": ")} = process.getBuiltinModule("${module}");`,
    );
  if (taken !== text) writeFileSync(path, taken);
}

/** The CLI starts in milliseconds only while it drags no server code in. */
function refuseServerPackages({ metafile }) {
  const heavy = Object.keys(metafile.inputs).filter((path) =>
    /node_modules\/(fastify|ajv|undici|ws|pino|zod)\//.test(path),
  );
  if (heavy.length > 0) {
    throw new Error(
      `the CLI bundle contains server packages: ${heavy.slice(0, 3).join(", ")}; import the SDK or generated tables instead`,
    );
  }
}

async function buildConsole() {
  await build({
    entryPoints: { console: "console/main.ts", explorer: "console/explorer.ts" },
    bundle: true,
    platform: "browser",
    format: "esm",
    target: "es2022",
    outdir: "dist/console/assets",
    minify: true,
    // The explorer shows the names of errors.
    keepNames: true,
    sourcemap: true,
    loader: { ".css": "css" },
    logLevel: "warning",
    absWorkingDir: root,
  });
  cpSync(join(root, "console/index.html"), join(out, "console/index.html"));
}

function filesBelow(folder) {
  const found = [];
  for (const entry of readdirSync(join(root, folder))) {
    const path = join(root, folder, entry);
    if (entry === "dist" || entry === "node_modules") continue;
    if (statSync(path).isDirectory()) found.push(...filesBelow(relative(root, path)));
    else if (!entry.endsWith(".test.ts")) found.push(relative(root, path));
  }
  return found;
}
