import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** A text of the product that is put in another's place, to see that the suite is red then. */
export interface Mutation {
  /** Name of the source file. */
  file: string;
  from: string;
  to: string;
}

export interface BuiltLoad extends Disposable {
  program: string;
}

/** The bundles are `.mjs`, because no package.json says what `.js` is there. */
const writerBeside: Mutation = {
  file: "writer-script.ts",
  from: "./sqlite-writer.js",
  to: "./sqlite-writer.mjs",
};

/** Bundles the load with the store's writer beside it, as the daemon is bundled: a process starts in a third of the time. */
export async function buildStoreLoad(mutations: readonly Mutation[] = []): Promise<BuiltLoad> {
  const folder = mkdtempSync(join(tmpdir(), "parley-load-"));
  const wanted = [writerBeside, ...mutations];
  const done = new Set<Mutation>();
  await build({
    absWorkingDir: root,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node24",
    logLevel: "warning",
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    entryPoints: {
      load: "test/faults/store-load/main.ts",
      "sqlite-writer": "src/storage/sqlite/writer-worker.ts",
    },
    plugins: [mutating(wanted, done)],
  });
  if (done.size < wanted.length) throw new Error("a mutation's file is not part of the store");
  return {
    program: join(folder, "load.mjs"),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function mutating(mutations: readonly Mutation[], done: Set<Mutation>): Plugin {
  return {
    name: "mutating",
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const here = mutations.filter(({ file }) => file === basename(path));
        if (here.length === 0) return undefined;
        let contents = readFileSync(path, "utf8");
        for (const mutation of here) {
          if (!contents.includes(mutation.from))
            throw new Error(`${mutation.file} has no ${JSON.stringify(mutation.from)} to mutate`);
          contents = contents.replaceAll(mutation.from, mutation.to);
          done.add(mutation);
        }
        return { contents, loader: "ts" };
      });
    },
  };
}
