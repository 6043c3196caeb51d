import type { Finding } from "./lint.js";
import { idOf } from "./refs.js";
import type { JsonObject, SchemaFile } from "./source.js";

/** Checks that files lie where their ids say and that the catalogue of errors is one. */
export function lintBlocks(files: SchemaFile[]): Finding[] {
  return [...files.flatMap(lintPlace), ...lintPlanes(files), ...lintCatalogue(files)];
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
  const place = file.path.replace("schemas/", "");
  if (file.json.$id !== place)
    return [found("file-place", "/$id", `is not where the file lies; write "${place}"`)];
  const id = idOf(file);
  const expected = `${file.folder}.${file.stem}`;
  return id === undefined || id === expected
    ? []
    : [found("file-place", `/${file.kind}/id`, `is not the folder and the file's name; write "${expected}"`)];
}

/** Every folder except `common` is a plane and says so; no two planes have one place. */
function lintPlanes(files: SchemaFile[]): Finding[] {
  const planes = files.filter(({ kind }) => kind === "plane");
  const folders = [...new Set(files.map(({ folder }) => folder))];
  const missing = folders
    .filter(
      (folder) => folder !== "" && folder !== "common" && !planes.some((file) => file.folder === folder),
    )
    .map((folder) => ({
      rule: "plane-file",
      file: `schemas/${folder}/plane.json`,
      pointer: "",
      text: "is missing; write the plane's order, title, text, wire and root methods",
    }));
  const taken = new Map<unknown, string>();
  const findings: Finding[] = [];
  for (const { path, json } of planes) {
    const { order } = json.plane as JsonObject;
    const before = taken.get(order);
    if (before !== undefined)
      findings.push({
        rule: "plane-order",
        file: path,
        pointer: "/plane/order",
        text: `the order ${order} is taken by ${before}; take a free one`,
      });
    taken.set(order, path);
  }
  return [...missing, ...findings];
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
