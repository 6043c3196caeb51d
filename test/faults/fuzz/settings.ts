import { isAbsolute } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { ConfigError } from "../../../src/config/config-error.js";
import { configSchema } from "../../../src/config/config-schema.js";
import { parseConfig } from "../../../src/config/load-config.js";
import { resolvePaths } from "../../../src/config/paths.js";
import { StartError } from "../../../src/kernel/start-error.js";
import type { Seeded } from "../kit/seeded.js";
import { mutatedText } from "./mutate.js";

const values = [
  ...[
    "0",
    "1",
    "-1",
    "7433",
    "1.5",
    "inf",
    "nan",
    "0x1f",
    "1_000",
    "9223372036854775807",
    "9223372036854775808",
  ],
  ...[
    "true",
    "false",
    '""',
    '"x"',
    "'~/a'",
    '"127.0.0.1"',
    '"sqlite"',
    '"\\u0000"',
    '"\\ud800"',
    '"""\na\n"""',
  ],
  ...[
    "[]",
    '["a"]',
    '["http://a.b:1"]',
    "[1, 2]",
    "[[]]",
    "{}",
    "{ a = 1 }",
    "1979-05-27T07:32:00Z",
    "07:32:00",
    "x",
  ],
];
const variables = ["HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"];
const places = [
  "",
  "/",
  ".",
  "relative",
  "/nowhere/at/all",
  "/tmp",
  "\u0000",
  "/a\nb",
  "~",
  "é",
  "/".repeat(300),
];

/** Configuration files and environments: each is read, or refused saying where and why. Nothing else may come of them. */
export function fuzzSettings(random: Seeded, count: number): string[] {
  const broken: string[] = [];
  for (let n = 0; n < count; n += 1) {
    const text = configText(random);
    const flaw = flawOfConfig(text);
    if (flaw !== undefined) broken.push(`config ${n}: ${flaw}; ${JSON.stringify(text)}`);
    const env = Object.fromEntries(
      variables.filter(() => random.chance(0.7)).map((name) => [name, random.pick(places)]),
    );
    const wrong = flawOfPaths(env);
    if (wrong !== undefined) broken.push(`environment ${n}: ${wrong}; ${JSON.stringify(env)}`);
  }
  return broken;
}

function configText(random: Seeded): string {
  const sections = Object.entries(configSchema.properties).map(([name, { properties }]) => {
    const keys = [...Object.keys(properties), "__proto__", "constructor", '"a b"', "a.b"];
    const lines = keys.filter(() => random.chance(0.12)).map((key) => `${key} = ${random.pick(values)}`);
    const head = random.chance(0.9)
      ? `[${name}]`
      : random.pick([`[[${name}]]`, `[${name}s]`, `[a.${name}]`, "[__proto__]"]);
    return lines.length === 0 && random.chance(0.8) ? "" : [head, ...lines].join("\n");
  });
  const text = sections.filter((section) => section !== "").join("\n\n");
  return random.chance(0.3) ? mutatedText(text, random) : text;
}

function flawOfConfig(text: string): string | undefined {
  try {
    const read = parseConfig(text, "/etc/parley.toml");
    return Value.Check(configSchema, read) ? undefined : "read, and does not fit";
  } catch (error) {
    if (!(error instanceof ConfigError)) return `${error}`;
    return error.message.includes("/etc/parley.toml")
      ? undefined
      : `does not name the file: ${error.message}`;
  }
}

function flawOfPaths(env: NodeJS.ProcessEnv): string | undefined {
  const isHomeAbsolute = isAbsolute(env.HOME || "/");
  try {
    const found = Object.values(resolvePaths(env)).find((path) => !isAbsolute(path));
    return found === undefined ? undefined : `${found} depends on where one stands`;
  } catch (error) {
    const isRefused = error instanceof StartError && error.code === "path_unusable";
    return isRefused && !isHomeAbsolute ? undefined : `${error}`;
  }
}
