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

export interface MutatedBundle extends Disposable {
  /** The file that an entry point became. */
  path(entry: string): string;
}

/** Bundles sources by entry name, changed: a process starts in a third of the time, and nothing of the tree is touched. */
export async function mutatedBundle(
  entryPoints: Record<string, string>,
  mutations: readonly Mutation[],
): Promise<MutatedBundle> {
  const folder = mkdtempSync(join(tmpdir(), "parley-bundle-"));
  const done = new Set<Mutation>();
  await build({
    absWorkingDir: root,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node24",
    logLevel: "warning",
    outdir: folder,
    // No package.json says what `.js` is there.
    outExtension: { ".js": ".mjs" },
    entryPoints,
    plugins: [mutating(mutations, done)],
  });
  const unused = mutations.find((mutation) => !done.has(mutation));
  if (unused !== undefined) throw new Error(`${unused.file} is not part of the bundle`);
  return {
    path: (entry) => join(folder, `${entry}.mjs`),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The text with the mutation's change; throws when there is nothing to change. */
export function mutate(text: string, { file, from, to }: Mutation): string {
  if (!text.includes(from)) throw new Error(`${file} has no ${JSON.stringify(from)} to mutate`);
  return text.replaceAll(from, () => to);
}

function mutating(mutations: readonly Mutation[], done: Set<Mutation>): Plugin {
  return {
    name: "mutating",
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const here = mutations.filter(({ file }) => file === basename(path));
        if (here.length === 0) return undefined;
        for (const mutation of here) done.add(mutation);
        return { contents: here.reduce(mutate, readFileSync(path, "utf8")), loader: "ts" };
      });
    },
  };
}
