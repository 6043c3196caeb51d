import { type Mutation, mutatedBundle } from "../kit/mutated-bundle.js";

export interface BuiltLoad extends Disposable {
  program: string;
}

const entryPoints = {
  load: "test/faults/store-load/main.ts",
  "sqlite-writer": "src/storage/sqlite/writer-worker.ts",
};

/** The bundles are `.mjs`. */
const writerBeside: Mutation = {
  file: "writer-script.ts",
  from: "./sqlite-writer.js",
  to: "./sqlite-writer.mjs",
};

/** Bundles the load with the store's writer beside it, as the daemon is bundled. */
export async function buildStoreLoad(mutations: readonly Mutation[] = []): Promise<BuiltLoad> {
  const bundle = await mutatedBundle(entryPoints, [writerBeside, ...mutations]);
  return { program: bundle.path("load"), [Symbol.dispose]: () => bundle[Symbol.dispose]() };
}
