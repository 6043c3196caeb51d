/** `stream_closed` becomes `StreamClosed`. */
export function pascalCase(snake: string): string {
  return snake.replace(/(?:^|[_-])([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** `stream_closed` becomes `streamClosed`. */
export function camelCase(snake: string): string {
  const pascal = pascalCase(snake);
  return pascal.charAt(0).toLowerCase() + pascal.slice(1);
}

/** Name of the TypeDef that `$defs.<def>` of a file becomes; `id` is the operation's, event's or message's id. */
export function typeName(def: string, id: string | undefined): string {
  if (id === undefined) return def;
  const stem = id.split(".").map(pascalCase).join("");
  if (def === "Request" || def === "Response") return stem + def;
  return def === "Event" || def === "Message" ? stem : def;
}
