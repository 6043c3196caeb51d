import type { Seeded } from "../kit/seeded.js";

/** A place in a value: its holder and its key there. */
type Place = readonly [holder: Record<string, unknown> | unknown[], key: string | number];

const hostile: readonly (() => unknown)[] = [
  () => null,
  () => true,
  () => "",
  () => "0",
  () => 0,
  () => -1,
  () => 1.5,
  () => -0,
  () => 2 ** 53,
  () => 1e300,
  () => [],
  () => ({}),
  () => [null],
  () => ({ kind: "__proto__" }),
  () => "\ud800",
  () => "a\u0000b",
  () => "../../etc/passwd",
  () => "l".repeat(5_000),
];

const keys = ["__proto__", "constructor", "toString", "", "kind", "Kind", "\udfff", "é", "length", "0"];

/** Changes a value in one to three places until it may fit nothing any more. The value given is left as it is. */
export function mutated(value: unknown, random: Seeded): unknown {
  const holder = { root: structuredClone(value) };
  for (let n = random.pick([1, 1, 1, 2, 3]); n > 0; n -= 1) change(random.pick(places(holder, [])), random);
  return holder.root;
}

function places(holder: Place[0], found: Place[]): Place[] {
  for (const key of Array.isArray(holder) ? holder.keys() : Object.keys(holder)) {
    found.push([holder, key]);
    const inner = (holder as Record<string | number, unknown>)[key];
    if (typeof inner === "object" && inner !== null && found.length < 500) places(inner as Place[0], found);
  }
  return found;
}

function change([holder, key]: Place, random: Seeded): void {
  const here = holder as Record<string | number, unknown>;
  const value = here[key];
  const roll = random.between(0, 9);
  if (roll === 0 && key !== "root") {
    if (Array.isArray(holder)) holder.splice(Number(key), 1);
    else delete here[key];
  } else if (roll === 1 && key !== "root") put(here, random.pick([...keys, `${key} `]), value);
  else if (roll <= 3) here[key] = random.pick(hostile)();
  else if (roll === 4) here[key] = nested(value, random);
  else here[key] = tweaked(value, random);
}

/** An own field, whatever its name; lists have none. */
function put(holder: Record<string | number, unknown>, key: string, value: unknown): void {
  if (Array.isArray(holder)) holder.push(value);
  else Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
}

function nested(value: unknown, random: Seeded): unknown {
  let made = value;
  for (let depth = random.pick([1, 2, 61, 62, 63, 64, 70, 500]); depth > 0; depth -= 1)
    made = random.chance(0.5) ? [made] : { a: made };
  return made;
}

function tweaked(value: unknown, random: Seeded): unknown {
  switch (typeof value) {
    case "string":
      return random.pick([
        `${value}x`,
        ` ${value}`,
        value.slice(1),
        value.toUpperCase(),
        value.repeat(2),
        `${value}\n`,
        `${value}\ud800`,
        [value],
      ]);
    case "number":
      return random.pick([value + 1, value - 1, -value, value + 0.5, value * 1e6, `${value}`]);
    case "boolean":
      return random.pick([!value, `${value}`, 1]);
    case "object": {
      if (Array.isArray(value))
        return random.pick([[], [...value, ...value], [...value, null], value[0], { ...value }]);
      const made = { ...value };
      put(made, random.pick(keys), random.pick(hostile)());
      return made;
    }
    default:
      return null;
  }
}

const numbers = ["1e400", "-0", "1.0", "1e0", "9007199254740993", "NaN", "0x1", "01", "1_0", "+1", ".5"];

/** Changes JSON as text, so that it may be none any more, or mean what no program would write. */
export function mutatedText(text: string, random: Seeded): string {
  const at = random.between(0, text.length);
  switch (random.between(0, 6)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return (
        text.slice(0, at) +
        random.pick(['"', "{", "}", "[", "]", ",", ":", "\\", "\u0001", "\ufeff"]) +
        text.slice(at)
      );
    case 2:
      return text.slice(0, at) + text.slice(at + 1);
    case 3:
      return text.replace(/(?<=[:[,])-?\d+(?=[,}\]])/, random.pick(numbers));
    case 4:
      return text.replace(/\{("[^"]*":"[^"]*")/, "{$1,$1");
    case 5:
      return text.replaceAll(/(?<=[:,{[])(?=["{[])/g, random.pick([" ", "\n\t", "\u00a0"]));
    default:
      return `${text}${random.pick([" ", "null", ",", "}", "\u0000", text])}`;
  }
}
