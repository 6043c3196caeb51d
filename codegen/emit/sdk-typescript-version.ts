import type { Contract, OutputFile } from "../contract.js";
import { quote, SourceFile } from "../printer.js";

/** `version.ts`: what the SDK names in every handshake. */
export function printVersion(contract: Contract, folder: string): OutputFile {
  const file = new SourceFile(`${folder}/version.ts`, "contract-version.json");
  file.doc("Contract version that this SDK was generated from.");
  file.print(`export const CONTRACT_VERSION = ${quote(contract.version)};`);
  file.print();
  file.doc("First 16 hex digits of that contract's digest.");
  file.print(`export const CONTRACT_DIGEST = ${quote(contract.digest.slice(0, 16))};`);
  return file.toOutput();
}
