import { declaredErrors, declaredOperations, declaredRoutes } from "./declared.js";
import { compareSets, type Gate, loadTable, readText } from "./gate.js";

/** Every error code is documented, mapped on each surface and has its class in both SDKs; no other code is. */
export const errorsGate: Gate = async (root) => {
  const codes = declaredErrors(root).map((error) => error.code);
  const { errors } = await loadTable(root, "src/generated/errors.ts");
  const mapped = (errors ?? {}) as Record<string, { http?: unknown; rpc?: unknown; exit?: unknown }>;
  const unmapped = Object.entries(mapped).flatMap(([code, spec]) =>
    (["http", "rpc", "exit"] as const)
      .filter((key) => typeof spec[key] !== "number")
      .map((key) => `src/generated/errors.ts maps ${code} to no ${key}: give it one in schemas/errors.json.`),
  );
  const places: [place: string, codes: string[]][] = [
    ["docs/reference/errors.md", documented(root)],
    ["src/generated/errors.ts", Object.keys(mapped)],
    [
      "sdks/typescript/src/generated/errors.ts",
      classes(root, "sdks/typescript/src/generated/errors.ts", typescriptClass),
    ],
    [
      "sdks/python/src/parley/_generated/errors.py",
      classes(root, "sdks/python/src/parley/_generated/errors.py", pythonClass),
    ],
  ];
  const codesKnown = new Set(codes);
  const text = readText(root, "docs/reference/errors.md") ?? "";
  const givers = [
    ...declaredOperations(root).map(({ id, errors: own }) => ({ id, own, name: `[${id}]` })),
    ...declaredRoutes(root).map(({ id, path, errors: own }) => ({ id, own, name: `\`${path}\`` })),
  ];
  const misdeclared = givers.flatMap(({ id, own, name }) =>
    own.flatMap((code) => {
      if (!codesKnown.has(code))
        return [
          `${id} declares the error code ${code}, which schemas/errors.json does not have: add it there.`,
        ];
      const row = text.split("\n").find((line) => line.startsWith(`| \`${code}\` |`));
      return row === undefined || row.includes(name)
        ? []
        : [`docs/reference/errors.md does not name ${id} at ${code}: run \`npm run codegen\`.`];
    }),
  );
  return [
    ...unmapped,
    ...misdeclared,
    ...places.flatMap(([place, found]) =>
      compareSets(
        codes,
        found,
        (code) => `${place} lacks the error code ${code}: run \`npm run codegen\` or fix its emitter.`,
        (code) =>
          `${place} has the error code ${code}, which schemas/errors.json does not: add it there or remove it here.`,
      ),
    ),
  ];
};

function documented(root: string): string[] {
  const text = readText(root, "docs/reference/errors.md") ?? "";
  return [...text.matchAll(/^\| `([a-z_]+)` \|/gm)].map(([, code]) => code!);
}

/** A code counts when the table maps it to a class that the same file declares. */
function classes(
  root: string,
  path: string,
  forms: { entry: RegExp; declared: (name: string) => RegExp },
): string[] {
  const text = readText(root, path) ?? "";
  return [...text.matchAll(forms.entry)]
    .filter(([, , name]) => forms.declared(name!).test(text))
    .map(([, code]) => code!);
}

const typescriptClass = {
  entry: /^ {2}([a-z_]+): ([A-Z]\w+),$/gm,
  declared: (name: string) => new RegExp(`^export class ${name} extends \\w+`, "m"),
};

const pythonClass = {
  entry: /^ {4}"([a-z_]+)": ([A-Z]\w+),$/gm,
  declared: (name: string) => new RegExp(`^class ${name}\\(\\w+\\):`, "m"),
};
