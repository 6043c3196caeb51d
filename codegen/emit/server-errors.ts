import { commonErrors } from "../common-errors.js";
import type { Emitter, TypeDef } from "../contract.js";
import { quote, SourceFile } from "../printer.js";

/** `errors.ts`: the closed list of codes and what each maps to. */
export const emitErrors: Emitter = ({ errors, errorTypes }) => {
  const file = new SourceFile("src/generated/errors.ts", "schemas/errors.json");
  file.doc("What an error code means on each surface.");
  file.block("export interface ErrorSpec {", "}", () => {
    file.print("category: string;");
    file.print("http: number;");
    file.doc("JSON-RPC error code.");
    file.print("rpc: number;");
    file.doc("Exit code of the CLI.");
    file.print("exit: number;");
    file.print("retryable: boolean;");
    file.doc("Default message.");
    file.print("text: string;");
    file.doc("Raised by clients, never by the daemon.");
    file.print("clientOnly: boolean;");
  });
  file.print();
  file.doc("Every code that an error payload can carry.");
  file.union(
    "export type ErrorCode = ",
    errors.map(({ code }) => quote(code)),
  );
  file.print();
  file.doc("Why one field of a request is wrong.");
  file.union("export type DetailIssue = ", issuesOf(errorTypes).map(quote));
  file.print();
  const table = Object.fromEntries(errors.map(({ code, ...spec }) => [code, spec]));
  file.doc("Every code's spec.");
  file.value("export const errors: { readonly [Code in ErrorCode]: ErrorSpec } = ", table, ";");
  file.print();
  file.doc("Codes that every operation can give besides its own.");
  file.value("export const commonErrors: readonly ErrorCode[] = ", commonErrors, ";");
  return [file.toOutput()];
};

function issuesOf(types: readonly TypeDef[]): string[] {
  const shape = types.find(({ name }) => name === "ErrorDetail")?.shape;
  const issue = shape?.kind === "object" ? shape.properties.find(({ name }) => name === "issue") : undefined;
  return issue?.shape.kind === "string" ? (issue.shape.enum ?? []) : [];
}
