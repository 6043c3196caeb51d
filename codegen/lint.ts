import type { SchemaFile } from "./source.js";
export function assertLint(_files: SchemaFile[]): void {}
