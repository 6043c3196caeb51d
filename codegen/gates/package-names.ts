import { type Gate, readText, walk } from "./gate.js";

/** This gate spells the forms, its test inserts them, and the lock and the baseline hold what was. */
const exceptions =
  /^(?:codegen\/gates\/package-names\.ts|test\/gates\/package-names\.test\.ts|package-lock\.json|schemas\/baseline\/.*)$/;

const texts =
  /\.(?:md|mdx|txt|html|css|json|toml|ya?ml|cts|mts|cjs|mjs|tsx?|jsx?|py|sh|fish)$|(?:^|\/)[A-Z]+$/;

/** Programs that fetch a package by its name and run or install it. */
const fetchers = [
  "(?:npx|pnpx|bunx|uvx)",
  "npm (?:-\\S+ )*(?:exec|x|i|install|add)",
  "pnpm (?:dlx|add|install|exec)",
  "yarn (?:global )?(?:add|dlx)",
  "bun (?:add|x|install)",
  "(?:uv )?pip[\\d.]* (?:install|download)",
  "pipx (?:install|run)",
  "uv (?:add|tool (?:install|run))",
  "(?:poetry|pdm|conda|hatch) (?:add|install)",
].join("|");

/** The fetcher, its options and other packages, and then a name of ours that another project has. */
const fetched = new RegExp(
  `\\b(?:${fetchers})((?: -\\S+| [\\w@.~^=<>/-]+)*?)(?: (?:(?:-p|--package|--from|--with) )?|=)(?:npm:)?parley(?=$|[\\s@=<>~!;\\[&|.])`,
  "g",
);
const harmless = /(?:^| )(?:--no-install|--no)(?= |$)/;

/** The scope and the module names of before the packages had names of their own. */
const oldNames =
  /@parley\/[\w-]+|(?<![\w/.-])parley\/(?:core|leases)\b|"parley":\s*"(?:[\^~]?\d|latest|\*|npm:)/g;

/**
 * Nothing that is read, copied or printed fetches the package `parley` from npm or PyPI: it belongs to other projects there.
 */
export const packageNamesGate: Gate = (root) =>
  walk(root, "")
    .filter((path) => texts.test(path) && !exceptions.test(path))
    .flatMap((path) => {
      const found = new Set(problems(readText(root, path) ?? ""));
      return [...found].map(
        (form) =>
          `${path} says "${form}": that package belongs to another project. Write \`parley\` from an install, \`npx --no-install parley\` in the checkout, or name \`parleyd\` or \`parley-sdk\`.`,
      );
    });

function problems(text: string): string[] {
  const own = [...text.matchAll(oldNames)].map(([form]) => form);
  const lines = text.split("\n").flatMap((line) => {
    // A command as a list of words counts as one that is typed.
    const words = line.replace(/["'`,[\](){}:]+|\\n/g, " ").replace(/\s+/g, " ");
    return [...words.matchAll(fetched)]
      .filter(([, options = ""]) => !harmless.test(options))
      .map(([form]) => form.trim());
  });
  return [...own, ...lines];
}
