import { copyFileSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { cache, findProgram, maven, openapiGenerator, root, run } from "./tools.js";

/** Calls a daemon as sessions whose names begin with the prefix: gives what the program printed. */
export type CallDaemon = (address: string, prefix: string, token: string) => Promise<string>;

/** One generator and the language that it writes. */
export interface GeneratedClient {
  language: string;
  /** Its row in `docs/clients.md`. */
  generator: string;
  /** The options that the row names. */
  options: string[];
  /** Names of the programs that are missing on this machine. */
  missing: string[];
  /** Generates and compiles the client and its program. */
  build(): Promise<CallDaemon>;
}

/** Without these, answers with new fields are refused, and a union is decoded by trying each variant. */
const tolerant = ["disallowAdditionalPropertiesIfNotPresent=false", "useOneOfDiscriminatorLookup=true"];
const goOptions = ["packageName=parley", "withGoMod=true", ...tolerant];
const javaOptions = [
  "invokerPackage=parley",
  "apiPackage=parley.api",
  "modelPackage=parley.model",
  "openApiNullable=false",
  ...tolerant,
];

const java = findProgram("java");
const javac = findProgram("javac");
const mvn = findProgram("mvn");
const go = findProgram("go", "/usr/local/go/bin");

function lacking(programs: Record<string, string | null>): string[] {
  return Object.entries(programs).flatMap(([name, path]) => (path === null ? [name] : []));
}

/** Every client that is compiled and called. */
export const clients: GeneratedClient[] = [
  {
    language: "Go",
    generator: "openapi-generator 7.25.0, go",
    options: goOptions,
    missing: lacking({ go, java, mvn }),
    async build() {
      const folder = await generate("go", goOptions);
      place("main.go", join(folder, "cmd/check"));
      // The client has no dependency, so nothing is fetched and no other toolchain either.
      const env = {
        GOFLAGS: "-mod=mod",
        GOPROXY: "off",
        GOTOOLCHAIN: "local",
        GOCACHE: join(cache, "go-build"),
      };
      const program = join(folder, "check");
      await run(go!, ["vet", "."], { cwd: folder, env });
      await run(go!, ["build", "-o", program, "./cmd/check"], { cwd: folder, env });
      return (address, prefix, token) => run(program, [address, prefix], { env: { PARLEY_TOKEN: token } });
    },
  },
  {
    language: "Java",
    generator: "openapi-generator 7.25.0, java, library native",
    options: ["--library native", ...javaOptions],
    missing: lacking({ java, javac, mvn }),
    async build() {
      const folder = await generate("java", javaOptions, ["--library", "native"]);
      place("Check.java", join(folder, "src/main/java/parley/check"));
      const goal = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:build-classpath";
      const list = join(folder, "target/classpath");
      await maven(mvn!, ["compile", goal, `-Dmdep.outputFile=${list}`], folder);
      const classpath = [join(folder, "target/classes"), readFileSync(list, "utf8").trim()].join(delimiter);
      return (address, prefix, token) =>
        run(java!, ["-cp", classpath, "parley.check.Check", address, prefix], {
          env: { PARLEY_TOKEN: token },
        });
    },
  },
];

/** Generates the client of `openapi.yaml` into a fresh folder. */
async function generate(language: string, properties: string[], more: string[] = []): Promise<string> {
  const folder = join(cache, "clients", language);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const names = ["--git-host", "example.com", "--git-user-id", "parley", "--git-repo-id", "client"];
  const all = [...properties, "hideGenerationTimestamp=true"].join(",");
  const from = ["generate", "-g", language, "-i", join(root, "openapi.yaml"), "-o", folder];
  const jar = await openapiGenerator(mvn!);
  await run(java!, ["-jar", jar, ...from, ...names, ...more, `--additional-properties=${all}`]);
  return folder;
}

/** Puts a program of ours beside the generated code. */
function place(program: string, folder: string): void {
  mkdirSync(folder, { recursive: true });
  copyFileSync(fileURLToPath(new URL(`programs/${program}`, import.meta.url)), join(folder, program));
}
