import type { Contract, Emitter, OutputFile, TypeDef } from "../contract.js";
import { pascalCase } from "../names.js";
import { errorName, printErrors } from "./sdk-python-errors.js";
import { printOperations } from "./sdk-python-operations.js";
import { PythonFile, pythonString } from "./sdk-python-printer.js";
import { printResources } from "./sdk-python-resources.js";
import { printTypes, typesModule } from "./sdk-python-types.js";

/** Folder of the Python SDK's generated files. */
export const sdkPythonFolder = "sdks/python/src/parley/_generated";

/** The Python SDK's generated half: the runtime beside it is written by hand and knows no operation. */
export const emitSdkPython: Emitter = (contract: Contract): OutputFile[] => [
  ...printTypes(contract, sdkPythonFolder),
  ...printResources(contract, sdkPythonFolder),
  printOperations(contract, sdkPythonFolder),
  printErrors(contract, sdkPythonFolder),
  printVersion(contract),
  printNames(contract),
  printPackage(""),
  printPackage("resources/"),
  printTypesPackage(contract),
];

function printVersion({ version, digest }: Contract): OutputFile {
  const path = `${sdkPythonFolder}/version.py`;
  const file = new PythonFile(path, "contract-version.json", "What the SDK names in every handshake.");
  file.print(`CONTRACT_VERSION = ${pythonString(version)}`);
  file.doc("Contract version that this SDK was generated from.");
  file.print();
  file.print(`CONTRACT_DIGEST = ${pythonString(digest.slice(0, 16))}`);
  file.doc("First 16 hex digits of that contract's digest.");
  return file.toOutput();
}

/** `names.py`: in which module each public name lies, so that the package can load them when they are used. */
function printNames(contract: Contract): OutputFile {
  const path = `${sdkPythonFolder}/names.py`;
  const file = new PythonFile(
    path,
    "schemas/*/*.json",
    "Where each public name lies; modules load on first use.",
  );
  const types = (type: TypeDef): [string, string] => [type.name, `types.${typesModule(type.module)}`];
  const categories = new Set(contract.errors.map(({ category }) => `${pascalCase(category)}Failure`));
  const errors = [...contract.errors.map(({ code }) => errorName(code)), ...categories];
  const names = [...contract.types.map(types), ...errors.map((name): [string, string] => [name, "errors"])];
  const sorted = names.sort(([a], [b]) => (a < b ? -1 : 1));
  file.print("MODULES: dict[str, str] = {");
  for (const [name, module] of sorted) file.print(`    ${pythonString(name)}: ${pythonString(module)},`);
  file.print("}");
  return file.toOutput();
}

function printPackage(folder: string): OutputFile {
  const doc = "Generated code; import its names from `parley`.";
  return new PythonFile(`${sdkPythonFolder}/${folder}__init__.py`, "schemas/*/*.json", doc).toOutput();
}

/** All types in one place for type checkers; at run time each module loads on its own. */
function printTypesPackage(contract: Contract): OutputFile {
  const path = `${sdkPythonFolder}/types/__init__.py`;
  const file = new PythonFile(path, "schemas/*/*.json", "Generated types; import them from `parley`.");
  const modules = [...new Set(contract.types.map(({ module }) => typesModule(module)))].sort();
  for (const module of modules) file.importType("*", `.${module}`);
  return file.toOutput();
}
