import { execFileSync } from "node:child_process";
import { breakingSentences, compareContracts } from "../breaking.js";
import type { Contract } from "../contract.js";
import { loadContract } from "../load.js";
import { type Gate, readText } from "./gate.js";

/** The last accepted contract. */
export const baselinePath = "schemas/baseline/contract.json";

/** One line per accepted contract, newest last. */
export const changesPath = "schemas/baseline/CHANGES.md";

const accept = '`npm run codegen -- --accept "what changed and why"`';

/** A line of CHANGES.md: the digest's first 16 digits and the reason. */
export interface ChangeLine {
  digest: string;
  reason: string;
}

/** The lines `- <digest16> <reason>`. */
export function changeLines(text: string): ChangeLine[] {
  return [...text.matchAll(/^- ([0-9a-f]{16}) (.+)$/gm)].map(([, digest, reason]) => ({
    digest: digest!,
    reason: reason!,
  }));
}

/** Every move of the digest has its line, and every line its move. */
export const digestGate: Gate = (root) => {
  const text = readText(root, changesPath);
  const baseline = readText(root, baselinePath);
  if (text === null || baseline === null) return [`There is no accepted contract: run ${accept}.`];
  const digest = loadContract(root).digest.slice(0, 16);
  const lines = changeLines(text);
  const problems = text
    .split("\n")
    .filter((line) => line.startsWith("-") && !/^- [0-9a-f]{16} \S/.test(line))
    .map(
      (line) =>
        `${changesPath} has the line "${line}": write \`- <16 hex digits> <reason>\`, or let ${accept} do it.`,
    );
  const last = lines.at(-1)?.digest;
  if (last !== digest && !lines.some((line) => line.digest === digest))
    problems.push(`The digest moved to ${digest} without a line in ${changesPath}: run ${accept}.`);
  else if (last !== digest)
    problems.push(
      `${changesPath} ends with ${last}, but the digest is ${digest}: a line without a move; remove it.`,
    );
  for (const [index, line] of lines.entries())
    if (lines[index + 1]?.digest === line.digest)
      problems.push(`${changesPath} has two lines for ${line.digest}: the digest moved once; keep one.`);
  const accepted = (JSON.parse(baseline) as Contract).digest.slice(0, 16);
  if (accepted !== digest && problems.length === 0)
    problems.push(`${baselinePath} holds ${accepted}, but the digest is ${digest}: run ${accept}.`);
  return problems;
};

/** What the contract is compared with. */
export interface PreviousContract {
  contract: Contract;
  /** Tagged v0.3.0: from there on a break needs the next minor version. */
  released: boolean;
}

/** The contract breaks no older client, or says so. */
export const breakingGate: Gate = (root) => {
  const previous = previousContract(root);
  if (!previous) return [];
  return breakingProblems(previous, loadContract(root), readText(root, changesPath) ?? "");
};

/** Breaks between two contracts that neither the version nor a `breaking:` line covers. */
export function breakingProblems(previous: PreviousContract, current: Contract, changes: string): string[] {
  const sentences = breakingSentences(compareContracts(previous.contract, current));
  if (sentences.length === 0 || isNextMinor(previous.contract.version, current.version)) return [];
  if (previous.released)
    return sentences.map(
      (sentence) =>
        `${sentence} Undo it, or give contract-version.json the contract ${nextMinor(previous.contract.version)}.`,
    );
  const lines = changeLines(changes);
  const from = lines.findLastIndex((line) => line.digest === previous.contract.digest.slice(0, 16));
  if (lines.slice(from + 1).some((line) => line.reason.startsWith("breaking:"))) return [];
  return sentences.map(
    (sentence) =>
      `${sentence} Undo it, or accept it with \`npm run codegen -- --accept "breaking: why it must be"\`.`,
  );
}

function nextMinor(version: string): string {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 0 ? `${major + 1}.0.0` : `0.${minor + 1}.0`;
}

function isNextMinor(before: string, after: string): boolean {
  const [oldMajor = 0, oldMinor = 0] = before.split(".").map(Number);
  const [major = 0, minor = 0] = after.split(".").map(Number);
  return major > oldMajor || (major === 0 && oldMajor === 0 && minor > oldMinor);
}

/** The released baseline; before the release the one of the commit before the last change; null when there is none. */
function previousContract(root: string): PreviousContract | null {
  const released = show(root, "v0.3.0");
  if (released) return { contract: released, released: true };
  const digest = loadContract(root).digest;
  for (const commit of git(root, ["log", "-n", "20", "--format=%H", "--", baselinePath])?.split("\n") ?? []) {
    const contract = commit === "" ? null : show(root, commit);
    if (contract && contract.digest !== digest) return { contract, released: false };
  }
  const baseline = readText(root, baselinePath);
  return baseline === null ? null : { contract: JSON.parse(baseline) as Contract, released: false };
}

function show(root: string, commit: string): Contract | null {
  const text = git(root, ["show", `${commit}:${baselinePath}`]);
  return text === null ? null : (JSON.parse(text) as Contract);
}

/** The output of a git command, null when it fails (no repository, no such commit, a checkout without history). */
function git(root: string, args: string[]): string | null {
  try {
    return execFileSync("git", args, {
      cwd: root,
      encoding: "utf8",
      maxBuffer: 64 * 1024 * 1024,
      stdio: ["ignore", "pipe", "ignore"],
    });
  } catch {
    return null;
  }
}
