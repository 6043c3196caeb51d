// Lets `node file.ts` follow our relative `.js` imports to the `.ts` beside them, so that development needs no build.
import { existsSync } from "node:fs";
// By name they would be missing on a Node that is too old, before its version is checked.
import * as module from "node:module";
import { fileURLToPath } from "node:url";
import nodeVersion from "./entry/node-version.cjs";

if (!nodeVersion.fits(nodeVersion.oldest)) {
  nodeVersion.runAgain("this script", nodeVersion.oldest, [...process.execArgv, ...process.argv.slice(1)]);
  await new Promise(() => undefined);
}

// Stripping types and compiling is half of a short run; the cache is keyed by content.
module.enableCompileCache(fileURLToPath(new URL("../.cache/compile", import.meta.url)));

module.registerHooks({
  resolve(specifier, context, next) {
    if (specifier.startsWith(".") && specifier.endsWith(".js") && context.parentURL?.startsWith("file:")) {
      const source = new URL(specifier.replace(/\.js$/, ".ts"), context.parentURL);
      const script = new URL(specifier, context.parentURL);
      if (!existsSync(fileURLToPath(script)) && existsSync(fileURLToPath(source)))
        return next(source.href, context);
    }
    return next(specifier, context);
  },
});
