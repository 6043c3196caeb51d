import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { breakingSentences, compareContracts } from "./breaking.js";
import type { Contract } from "./contract.js";
import { baselinePath, changeLines, changesPath } from "./gates/baseline.js";
import { readText } from "./gates/gate.js";
import { loadContract } from "./load.js";

const introduction = `# Accepted contracts

One line per accepted contract, newest last: the digest's first 16 digits and what changed. A line that breaks older
clients begins its text with \`breaking:\`.

`;

/** Makes the contract of the schemas the baseline and records why; gives back what to tell the user, or throws. */
export function acceptContract(root: string, reason: string): string {
  const contract = loadContract(root);
  const digest = contract.digest.slice(0, 16);
  const old = readText(root, baselinePath);
  const changes = readText(root, changesPath) ?? introduction;
  const breaks =
    old === null ? [] : breakingSentences(compareContracts(JSON.parse(old) as Contract, contract));
  if (reason.trim() === "" || reason.includes("\n")) throw new Error("--accept needs a reason on one line");
  if (breaks.length > 0 && !reason.startsWith("breaking:"))
    throw new Error(
      `${breaks.join("\n")}\nThese break older clients: undo them, or accept them with a reason that begins with "breaking:".`,
    );
  mkdirSync(join(root, "schemas/baseline"), { recursive: true });
  writeFileSync(join(root, baselinePath), baselineText(contract));
  if (changeLines(changes).at(-1)?.digest === digest) return `${digest} is the accepted contract already`;
  writeFileSync(join(root, changesPath), `${changes}- ${digest} ${reason.trim()}\n`);
  return [`accepted ${digest}: ${reason.trim()}`, ...breaks].join("\n");
}

/** The contract as JSON with one item per line, so that a diff shows which type or operation moved. */
export function baselineText(contract: Contract): string {
  const parts = Object.entries(contract).map(([key, value]) => {
    if (!Array.isArray(value) || value.length === 0)
      return `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`;
    const items = value.map((item) => `    ${JSON.stringify(item)}`);
    return `  ${JSON.stringify(key)}: [\n${items.join(",\n")}\n  ]`;
  });
  return `{\n${parts.join(",\n")}\n}\n`;
}
