import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

/** Downloads and generated clients: kept between runs, no part of the tree. */
export const cache = join(root, ".cache/generators");

const version = "7.25.0";
const sha256 = "41ce4f6b07f196676439d710759fa1ced7a08066d06ff1bf314681470289efae";

/** Where the named program lies; null when it is not on the PATH or in its usual folder. */
export function findProgram(name: string, ...usual: string[]): string | null {
  const folders = [...(process.env.PATH ?? "").split(":"), ...usual];
  return folders.map((folder) => join(folder, name)).find(existsSync) ?? null;
}

/** Runs a command to its end and gives its output; throws with the end of it when the command fails. */
export function run(
  command: string,
  args: string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd ?? root,
      env: { ...process.env, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text) => (output += text));
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${command} ${args.join(" ")} ended with ${code}:\n${output.slice(-3_000)}`));
    });
  });
}

/** Maven with a repository of its own, so that a run leaves nothing in the user's. */
export function maven(mvn: string, args: string[], cwd: string): Promise<string> {
  return run(mvn, ["-q", "-B", `-Dmaven.repo.local=${join(cache, "maven")}`, ...args], { cwd });
}

/** The generator's jar from Maven's registry, at the pinned version and checksum. */
export async function openapiGenerator(mvn: string): Promise<string> {
  const file = `openapi-generator-cli-${version}.jar`;
  const kept = join(cache, file);
  if (!existsSync(kept)) {
    const folder = join(cache, "download");
    mkdirSync(folder, { recursive: true });
    const plugin = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy";
    const artifact = `-Dartifact=org.openapitools:openapi-generator-cli:${version}`;
    await maven(mvn, [plugin, artifact, `-DoutputDirectory=${folder}`], folder);
    check(join(folder, file));
    renameSync(join(folder, file), kept);
  }
  check(kept);
  return kept;
}

function check(path: string): void {
  const found = createHash("sha256").update(readFileSync(path)).digest("hex");
  if (found !== sha256)
    throw new Error(
      `${path} has the SHA-256 ${found}, not ${sha256}: it is not the pinned release; remove it.`,
    );
}
