import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const style = readFileSync(new URL("../../console/style.css", import.meta.url), "utf8");

/** Relative luminance of `#rgb` or `#rrggbb`, as WCAG 2.2 defines it. */
function luminance(color: string): number {
  const digits = color.length === 4 ? color.replace(/[0-9a-f]/g, "$&$&") : color;
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(digits.slice(at, at + 2), 16) / 255;
    return part <= 0.040_45 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}

function contrast(one: string, other: string): number {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light! + 0.05) / (dark! + 0.05);
}

const [light, dark] = [...style.matchAll(/:root \{([^}]*)\}/g)].map(
  ([, body]) =>
    new Map([...body!.matchAll(/--([\w-]+): (#[0-9a-f]+)/g)].map(([, name, color]) => [name!, color!])),
);
const grounds = ["ground", "surface", "raised"];
const pairs = [
  ...["ink", "quiet", "good", "bad", "wait", "accent"].flatMap((text) =>
    grounds.map((ground) => [text, ground] as const),
  ),
  ["accent-ink", "accent"] as const,
];

describe.each([
  ["light", light!],
  ["dark", dark!],
])("[console.contrast] in the %s colours", (_, colors) => {
  test.each(pairs)("%s on %s can be read", (text, ground) => {
    expect(contrast(colors.get(text)!, colors.get(ground)!)).toBeGreaterThanOrEqual(4.5);
  });
});

test("[console.contrast] black on white has the contrast that WCAG says", () => {
  expect(contrast("#000", "#ffffff")).toBeCloseTo(21);
});
