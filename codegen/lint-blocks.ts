import type { Finding } from "./lint.js";
import { planeOrder } from "./planes.js";
import { idOf } from "./refs.js";
import type { JsonObject, SchemaFile } from "./source.js";

/** Checks that files lie where their ids say and that the catalogue of errors is one. */
export function lintBlocks(files: SchemaFile[]): Finding[] {
  return [...files.flatMap(lintPlace), ...lintCatalogue(files)];
}

function lintPlace(file: SchemaFile): Finding[] {
  const found = (rule: string, pointer: string, text: string): Finding => ({
    rule,
    file: file.path,
    pointer,
    text,
  });
  if (file.kind === "errors")
    return file.path === "schemas/errors.json"
      ? []
      : [found("file-place", "", "lies at the top of schemas/; move it into its plane's folder")];
  if (file.folder !== "common" && !planeOrder.includes(file.folder))
    return [found("plane-name", "", `"${file.folder}" is no plane; write one of: ${planeOrder.join(", ")}`)];
  const place = file.path.replace("schemas/", "");
  if (file.json.$id !== place)
    return [found("file-place", "/$id", `is not where the file lies; write "${place}"`)];
  const id = idOf(file);
  const expected = `${file.folder}.${file.stem}`;
  return id === undefined || id === expected
    ? []
    : [found("file-place", `/${file.kind}/id`, `is not the folder and the file's name; write "${expected}"`)];
}

/** Standard JSON-RPC numbers may stand for several codes; ours for one each. */
function lintCatalogue(files: SchemaFile[]): Finding[] {
  const file = files.find(({ kind }) => kind === "errors");
  if (file === undefined)
    return [
      {
        rule: "error-catalogue",
        file: "schemas/errors.json",
        pointer: "",
        text: "is missing; write the list of error codes",
      },
    ];
  const findings: Finding[] = [];
  const codes = new Set<unknown>();
  const numbers = new Set<unknown>();
  for (const [index, error] of (file.json.errors as JsonObject[]).entries()) {
    const pointer = `/errors/${index}`;
    const say = (text: string): number =>
      findings.push({ rule: "error-catalogue", file: file.path, pointer, text });
    if (codes.has(error.code)) say(`the code ${error.code} occurs twice; remove one`);
    if (Number(error.rpc) > -32000 && numbers.has(error.rpc))
      say(`the number ${error.rpc} occurs twice; take a free one`);
    codes.add(error.code);
    numbers.add(error.rpc);
  }
  return findings;
}
