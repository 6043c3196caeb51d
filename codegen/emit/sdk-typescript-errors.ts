import type { Contract, OutputFile } from "../contract.js";
import { pascalCase } from "../names.js";
import { quote, SourceFile } from "../printer.js";

/** `errors.ts`: one class per code below one per category below `ParleyError`. */
export function printErrors(contract: Contract, folder: string): OutputFile {
  const file = new SourceFile(`${folder}/errors.ts`, "schemas/errors.json");
  const base = file.importValue("ParleyError", "../runtime/parley-error.js");
  const errorClass = file.importType("ErrorClass", "../runtime/parley-error.js");
  file.doc("Every code that an error can carry.");
  file.print("export type ErrorCode =");
  contract.errors.forEach(({ code }, index) => {
    file.print(`  | ${quote(code)}${index === contract.errors.length - 1 ? ";" : ""}`);
  });
  const categories = [...new Set(contract.errors.map(({ category }) => category))].sort();
  for (const category of categories) {
    file.print();
    file.doc(`Errors of the category \`${category}\`.`);
    file.print(`export class ${pascalCase(category)}Failure extends ${base} {}`);
  }
  for (const { code, category, text } of contract.errors) {
    file.print();
    file.doc(text);
    file.print(`export class ${errorName(code)} extends ${pascalCase(category)}Failure {}`);
  }
  file.print();
  file.doc("Class of each code.");
  file.block(`export const errorClasses: { readonly [Code in ErrorCode]: ${errorClass} } = {`, "};", () => {
    for (const { code } of contract.errors) file.print(`${code}: ${errorName(code)},`);
  });
  file.print();
  file.doc("What the contract says of each code.");
  const table = contract.errors.map(({ code, category, exit, retryable, text }) => [
    code,
    { category, exit, retryable, text },
  ]);
  const spec = file.importType("ErrorSpec", "../runtime/parley-error.js");
  file.value(
    `export const errorSpecs: { readonly [Code in ErrorCode]: ${spec} } = `,
    Object.fromEntries(table),
    ";",
  );
  return file.toOutput();
}

/** Class of a code; a code that already ends in `error` is not doubled. */
function errorName(code: string): string {
  const name = pascalCase(code);
  return name.endsWith("Error") ? name : `${name}Error`;
}
