import { realpathSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { TSchema } from "@sinclair/typebox";
import { Value, type ValueError } from "@sinclair/typebox/value";
import { parse, TomlError } from "smol-toml";
import { ConfigError } from "./config-error.js";
import { readOwnFile } from "./config-file.js";
import { type ConfigValues, configSchema } from "./config-schema.js";
import { locateKey } from "./locate-key.js";
import { homeOf, resolvePaths } from "./paths.js";

/** The configuration with every default filled in and every path absolute. Read-only at run time. */
export interface Config extends ConfigValues {
  /** The file that was read; absent when there is none and the defaults hold. */
  path?: string;
}

export interface ConfigSource {
  /** From `--config`; must exist. */
  path?: string;
  /** Folder that a relative `path` starts from. No file is searched for there. */
  cwd: string;
  env: NodeJS.ProcessEnv;
  /** Folder of the machine's config files. Default: `/etc`. */
  systemDir?: string;
}

/**
 * Reads the first file that exists: `--config`, the user's config folder, `/etc/parley/parley.toml`,
 * `/etc/labman/labman.toml`. The working directory is left out on purpose: a folder that was cloned must not change a
 * daemon's address or rules. Throws ConfigError.
 */
export function loadConfig(source: ConfigSource): Config {
  const found = findFile(source);
  if (found === undefined) {
    return fill({}) as Config;
  }
  const values = parseConfig(found.text, found.path);
  const base = { folder: dirname(found.path), env: source.env };
  if (values.server.socket !== undefined) {
    values.server.socket = absolute(values.server.socket, base);
  }
  if (values.store.path !== undefined) {
    values.store.path = absolute(values.store.path, base);
  }
  if (values.log.file !== undefined) {
    values.log.file = absolute(values.log.file, base);
  }
  return { ...values, path: found.path };
}

/** Parses and checks one file's text; `file` is only for messages. */
export function parseConfig(text: string, file: string): ConfigValues {
  let raw: unknown;
  try {
    raw = parse(text);
  } catch (cause) {
    if (!(cause instanceof TomlError)) {
      throw cause;
    }
    const says = (cause.message.split("\n")[0] ?? "").replace(/^Invalid TOML document: /, "");
    throw new ConfigError(file, cause, `this is not TOML: ${says}`, { cause });
  }
  const errors = [...Value.Errors(configSchema, fill(raw))];
  if (errors.length > 0) {
    const [problem] = errors
      .map((error) => explain(error, text))
      .sort((a, b) => (a.place?.line ?? 0) - (b.place?.line ?? 0));
    throw new ConfigError(file, problem!.place, problem!.text);
  }
  return fill(raw) as ConfigValues;
}

/** Defaults go in on a copy; the sections come first, so that their own defaults find a place. */
function fill(raw: unknown): unknown {
  return Value.Default(configSchema, Value.Clone(raw));
}

function findFile(source: ConfigSource): { path: string; text: string } | undefined {
  if (source.path !== undefined) {
    const file = resolve(source.cwd, source.path);
    const text = readOwnFile(file);
    if (text === undefined) {
      throw new ConfigError(file, undefined, "this file, named by --config, does not exist");
    }
    return { path: file, text };
  }
  for (const file of searchedFiles(source)) {
    const text = readOwnFile(file);
    if (text !== undefined) {
      return { path: file, text };
    }
  }
  return undefined;
}

function searchedFiles({ env, systemDir = "/etc" }: Pick<ConfigSource, "env" | "systemDir">): string[] {
  return [
    join(resolvePaths(env).configDir, "parley.toml"),
    join(systemDir, "parley/parley.toml"),
    join(systemDir, "labman/labman.toml"),
  ];
}

/** Config files of the working directory that are there and are not read, as paths to type; for one line of `parley up`. */
export function unreadFiles(source: ConfigSource): string[] {
  const read = source.path === undefined ? searchedFiles(source) : [resolve(source.cwd, source.path)];
  const others = new Set(read.flatMap(realPath));
  return ["parley.toml", "labman.toml"]
    .filter((name) => realPath(join(source.cwd, name)).some((path) => !others.has(path)))
    .map((name) => `./${name}`);
}

function realPath(path: string): string[] {
  try {
    return [realpathSync(path)];
  } catch {
    return [];
  }
}

function absolute(path: string, base: { folder: string; env: NodeJS.ProcessEnv }): string {
  return path.startsWith("~/") ? join(homeOf(base.env), path.slice(2)) : resolve(base.folder, path);
}

interface Explained {
  place: { line: number; column: number } | undefined;
  text: string;
}

function explain(error: ValueError, text: string): Explained {
  const path = error.path.split("/").slice(1);
  const place = locateKey(text, path);
  const key = path.join(".");
  const known = schemaAt(path.slice(0, -1));
  if (known?.properties !== undefined && known.properties[path.at(-1)!] === undefined) {
    const names = Object.keys(known.properties);
    const close = names.find((name) => isClose(name, path.at(-1)!));
    const kind = path.length === 1 ? "section" : "key";
    const hint = close === undefined ? `known here: ${names.join(", ")}` : `did you mean \`${close}\`?`;
    return { place, text: `unknown ${kind} \`${key}\`; ${hint}` };
  }
  return { place, text: `\`${key}\` must be ${wanted(schemaAt(path))}, not ${shown(error.value)}` };
}

function schemaAt(path: readonly string[]): TSchema | undefined {
  let schema: TSchema | undefined = configSchema;
  for (const part of path) {
    schema =
      schema?.items !== undefined
        ? (schema.items as TSchema)
        : (schema?.properties?.[part] as TSchema | undefined);
  }
  return schema;
}

function wanted(schema: TSchema | undefined): string {
  if (schema?.anyOf !== undefined) {
    return `one of ${(schema.anyOf as TSchema[]).map((option) => JSON.stringify(option.const)).join(", ")}`;
  }
  if (schema?.type === "integer") {
    return `a whole number from ${schema.minimum} to ${schema.maximum}`;
  }
  if (schema?.type === "object") {
    return "a section";
  }
  if (schema?.type === "array") {
    return `a list of at most ${schema.maxItems} texts in quotes`;
  }
  return schema?.type === "boolean"
    ? "true or false"
    : `a text in quotes${schema?.pattern ? ` like ${schema.pattern}` : ""}`;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 64 ? `${text.slice(0, 61)}...` : text;
}

/** One typing mistake apart: a letter too many, too few, changed or swapped, or another separator. */
function isClose(a: string, b: string): boolean {
  const plain = (name: string): string => name.replaceAll(/[-_]/g, "").toLowerCase();
  const [x, y] = [plain(a), plain(b)];
  if (x === y) {
    return true;
  }
  let start = 0;
  while (start < Math.min(x.length, y.length) && x[start] === y[start]) {
    start += 1;
  }
  let end = 0;
  while (end < Math.min(x.length, y.length) - start && x.at(-1 - end) === y.at(-1 - end)) {
    end += 1;
  }
  const left = x.slice(start, x.length - end);
  const right = y.slice(start, y.length - end);
  return (
    Math.max(left.length, right.length) <= 1 || (left.length === 2 && left === [...right].reverse().join(""))
  );
}
