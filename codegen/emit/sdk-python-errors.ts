import type { Contract, OutputFile } from "../contract.js";
import { pascalCase } from "../names.js";
import { PythonFile, pythonLiteral, pythonString } from "./sdk-python-printer.js";

/** `errors.py`: one class per code below one per category below `ParleyError`. */
export function printErrors(contract: Contract, folder: string): OutputFile {
  const file = new PythonFile(`${folder}/errors.py`, "schemas/errors.json", "Every error of the contract.");
  const base = file.import("ParleyError", ".._runtime.parley_error");
  const categories = [...new Set(contract.errors.map(({ category }) => category))].sort();
  for (const category of categories) {
    file.print();
    file.block(`class ${pascalCase(category)}Failure(${base}):`, () => {
      file.doc(`Errors of the category \`${category}\`.`);
    });
    file.print();
  }
  for (const { code, category, text, retryable, exit } of contract.errors) {
    file.print();
    file.block(`class ${errorName(code)}(${pascalCase(category)}Failure):`, () => {
      file.doc(text);
      file.print();
      file.print(`code = ${pythonString(code)}`);
      file.print(`text = ${pythonString(text)}`);
      file.print(`retryable_by_default = ${pythonLiteral(retryable)}`);
      file.print(`exit_code = ${exit}`);
    });
    file.print();
  }
  file.print();
  const classes = contract.errors.map(({ code }) => `${pythonString(code)}: ${errorName(code)}`);
  file.list(`ERROR_CLASSES: dict[str, type[${base}]] = {`, classes, "}");
  file.doc("Class of each code.");
  return file.toOutput();
}

/** Class of a code; a code that already ends in `error` is not doubled. */
export function errorName(code: string): string {
  const name = pascalCase(code);
  return name.endsWith("Error") ? name : `${name}Error`;
}
