import type { Contract } from "./contract.js";
import { lintBlocks } from "./lint-blocks.js";
import { lintMeaning } from "./lint-meaning.js";
import { lintSchemas } from "./lint-schemas.js";
import { checkMeta } from "./meta.js";
import { collectDefinitions } from "./refs.js";
import type { SchemaFile } from "./source.js";

/** One breach of the authoring rules. */
export interface Finding {
  /** Name of the rule, without `lint/`. */
  rule: string;
  /** For example `schemas/comms/send.json`. */
  file: string;
  /** JSON pointer in the file. */
  pointer: string;
  /** What is wrong, and what to write instead. */
  text: string;
}

/** The finding as one sentence. */
export function formatFinding({ rule, file, pointer, text }: Finding): string {
  return `${file}#${pointer}: ${text}. [lint/${rule}]`;
}

/** Checks files by themselves and together; what these rules let through can be built. */
export function lintFiles(files: SchemaFile[]): Finding[] {
  const broken = files.flatMap(checkMeta);
  if (broken.length > 0) return broken;
  const definitions = collectDefinitions(files);
  const schemas = lintSchemas(files, definitions);
  return schemas.length > 0 ? schemas : lintBlocks(files);
}

/** Checks what only the built contract shows: examples, defaults, fields that bindings name. */
export function lintContract(contract: Contract): Finding[] {
  return lintMeaning(contract);
}

/** Throws one error with every sentence. */
export function assertClean(findings: Finding[]): void {
  if (findings.length === 0) return;
  const lines = findings.map(formatFinding);
  throw new Error(
    [
      `The contract breaks ${lines.length === 1 ? "an authoring rule" : `${lines.length} authoring rules`}:`,
      ...lines,
    ].join("\n"),
  );
}
