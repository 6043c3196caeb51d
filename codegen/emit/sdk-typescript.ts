import type { Contract, Emitter, OutputFile } from "../contract.js";
import { printErrors } from "./sdk-typescript-errors.js";
import { printGuards } from "./sdk-typescript-guards.js";
import { printOperations } from "./sdk-typescript-operations.js";
import { printReaders } from "./sdk-typescript-readers.js";
import { printResources } from "./sdk-typescript-resources.js";
import { printTypes } from "./sdk-typescript-types.js";
import { printVersion } from "./sdk-typescript-version.js";

/** Folder of the TypeScript SDK's generated files. */
export const sdkTypescriptFolder = "sdks/typescript/src/generated";

/** The TypeScript SDK's generated half: the runtime beside it is written by hand and knows no operation. */
export const emitSdkTypescript: Emitter = (contract: Contract): OutputFile[] => [
  ...printTypes(contract, sdkTypescriptFolder),
  printReaders(contract, sdkTypescriptFolder),
  printOperations(contract, sdkTypescriptFolder),
  ...printResources(contract, sdkTypescriptFolder),
  printErrors(contract, sdkTypescriptFolder),
  printGuards(contract, sdkTypescriptFolder),
  printVersion(contract, sdkTypescriptFolder),
];
