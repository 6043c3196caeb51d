// Lets `node file.ts` follow our relative `.js` imports to the `.ts` beside them, so that development needs no build.
import { existsSync } from "node:fs";
import { enableCompileCache, registerHooks } from "node:module";
import { fileURLToPath } from "node:url";

// Stripping types and compiling is half of a short run; the cache is keyed by content.
enableCompileCache(fileURLToPath(new URL("../.cache/compile", import.meta.url)));

registerHooks({
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
