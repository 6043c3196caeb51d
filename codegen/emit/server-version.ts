import type { Emitter } from "../contract.js";
import { SourceFile } from "../printer.js";

/** `version.ts`: what the handshake compares. */
export const emitVersion: Emitter = ({ version, digest }) => {
  const file = new SourceFile("src/generated/version.ts", "contract-version.json");
  file.doc("The contract that this build was generated from.");
  file.value("export const CONTRACT_VERSION = ", version, ";");
  file.print();
  file.doc("The first 16 hex digits of the contract's digest.");
  file.value("export const CONTRACT_DIGEST = ", digest.slice(0, 16), ";");
  return [file.toOutput()];
};
