/** `stream_closed` becomes `StreamClosed`. */
export function pascalCase(snake: string): string {
  return snake.replace(/(?:^|[_-])([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** `stream_closed` becomes `streamClosed`. */
export function camelCase(snake: string): string {
  const pascal = pascalCase(snake);
  return pascal.charAt(0).toLowerCase() + pascal.slice(1);
}

/** Words that Python allows nowhere as a name. */
export const pythonKeywords: ReadonlySet<string> = new Set(
  (
    "False None True and as assert async await break class continue def del elif else except finally for from " +
    "global if import in is lambda nonlocal not or pass raise return try while with yield"
  ).split(" "),
);

/** Words that Python reads as keywords in some places: legal names that tools colour and parse as statements. */
export const pythonSoftKeywords: ReadonlySet<string> = new Set(["_", "case", "match", "type"]);

/** Name of the TypeDef that `$defs.<def>` of a file becomes; `id` is the operation's, event's or message's id. */
export function typeName(def: string, id: string | undefined): string {
  if (id === undefined) return def;
  const stem = id.split(".").map(pascalCase).join("");
  if (def === "Request" || def === "Response") return stem + def;
  return def === "Event" || def === "Message" ? stem : def;
}
