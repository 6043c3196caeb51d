import type { Finding } from "./lint.js";
import { type Definition, type Definitions, refTarget } from "./refs.js";
import { isObject, type Json } from "./source.js";

/** Names of types are unique in the whole contract: each becomes one exported name in every language. */
export function lintNames(definitions: Definitions): Finding[] {
  const seen = new Map<string, string>();
  const findings: Finding[] = [];
  for (const definition of definitions.values()) {
    const before = seen.get(definition.name);
    if (before !== undefined)
      findings.push(
        at(
          definition,
          "unique-name",
          `the name ${definition.name} is taken by ${before}; rename one of them`,
        ),
      );
    seen.set(definition.name, definition.origin);
  }
  return findings;
}

/** Consumers that write references out would not end; free JSON has its own bounded form. */
export function lintCycles(definitions: Definitions): Finding[] {
  const findings: Finding[] = [];
  const done = new Set<Definition>();
  const visit = (definition: Definition, path: Definition[]): void => {
    if (path.includes(definition)) {
      findings.push(
        at(definition, "recursion", `${definition.name} contains itself; bound it, or use JsonValue`),
      );
      return;
    }
    if (done.has(definition)) return;
    for (const ref of refsIn(definition.schema)) {
      const target = definitions.get(refTarget(definition.file, ref));
      if (target !== undefined) visit(target, [...path, definition]);
    }
    done.add(definition);
  };
  for (const definition of definitions.values()) visit(definition, []);
  return findings;
}

function at({ file, key }: Definition, rule: string, text: string): Finding {
  return { rule, file: file.path, pointer: `/$defs/${key}`, text };
}

function refsIn(value: Json): string[] {
  if (Array.isArray(value)) return value.flatMap(refsIn);
  if (!isObject(value)) return [];
  const own = typeof value.$ref === "string" ? [value.$ref] : [];
  const inner = Object.entries(value).filter(([key]) => key !== "default");
  return [...own, ...inner.flatMap(([, schema]) => refsIn(schema))];
}
