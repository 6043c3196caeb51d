import type { Contract, Emitter, OutputFile } from "../contract.js";
import { emitAsyncapi } from "./asyncapi.js";
import { emitBundle } from "./bundle.js";
import { emitDocs } from "./docs.js";
import { emitMcpTools } from "./mcp-tools.js";
import { emitOpenapi } from "./openapi.js";
import { emitOpenrpc } from "./openrpc.js";
import { emitSdkPython, sdkPythonFolder } from "./sdk-python.js";
import { emitSdkTypescript, sdkTypescriptFolder } from "./sdk-typescript.js";
import { emitCli } from "./server-cli.js";
import { emitErrors } from "./server-errors.js";
import { emitMcp } from "./server-mcp.js";
import { emitOperations } from "./server-operations.js";
import { emitRaw } from "./server-raw.js";
import { emitRest } from "./server-rest.js";
import { emitRpc } from "./server-rpc.js";
import { emitSchemas } from "./server-schemas.js";
import { emitTypes } from "./server-types.js";
import { emitVersion } from "./server-version.js";
import { emitSurfaces } from "./surfaces.js";

/** Folders that hold generated files only: a file there that no emitter writes is an error. */
export const generatedFolders: readonly string[] = [
  "src/generated",
  sdkPythonFolder,
  sdkTypescriptFolder,
  "schemas/dist",
  "docs/reference",
  "test/golden/surfaces",
];

/** Every emitter, one line each. */
const emitters: readonly Emitter[] = [
  emitAsyncapi,
  emitBundle,
  emitCli,
  emitDocs,
  emitErrors,
  emitMcp,
  emitMcpTools,
  emitOpenapi,
  emitOpenrpc,
  emitOperations,
  emitRaw,
  emitRest,
  emitRpc,
  emitSchemas,
  emitSdkPython,
  emitSdkTypescript,
  emitSurfaces,
  emitTypes,
  emitVersion,
];

/** All outputs of the contract, sorted by path. */
export function emitAll(contract: Contract): OutputFile[] {
  const files = emitters.flatMap((emit) => emit(contract));
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}
