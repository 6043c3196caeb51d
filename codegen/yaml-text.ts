/** Prints JSON data as block YAML 1.2: one key per line, texts quoted only where YAML needs it, no folding. */
export function yamlText(value: unknown): string {
  return isEmptyOrScalar(value) ? `${scalar(value)}\n` : `${lines(value, 0).join("\n")}\n`;
}

function lines(value: unknown, indent: number): string[] {
  const pad = " ".repeat(indent);
  if (Array.isArray(value)) {
    return value.flatMap((item) => {
      if (isEmptyOrScalar(item)) return [`${pad}- ${scalar(item)}`];
      const [first, ...rest] = lines(item, indent + 2);
      return [`${pad}- ${first?.slice(indent + 2)}`, ...rest];
    });
  }
  return Object.entries(value as object).flatMap(([key, item]) => {
    if (item === undefined) return [];
    if (isEmptyOrScalar(item)) return [`${pad}${text(key)}: ${scalar(item)}`];
    return [`${pad}${text(key)}:`, ...lines(item, indent + 2)];
  });
}

function isEmptyOrScalar(value: unknown): boolean {
  return typeof value !== "object" || value === null || Object.keys(value).length === 0;
}

function scalar(value: unknown): string {
  if (typeof value === "string") return text(value);
  return JSON.stringify(value);
}

const plain = /^[A-Za-z/_$][A-Za-z0-9 _./()$<>*+=^,'`;-]*$/;
const special = /^(?:true|false|null|yes|no|on|off|y|n|~)$/i;

function text(value: string): string {
  const safe = plain.test(value) && !special.test(value) && !value.endsWith(" ");
  return safe ? value : JSON.stringify(value);
}
