import { readFileSync } from "node:fs";
import { expectedFailures, type Revision, revisions, type ScenarioResult } from "./suite.js";

const document = new URL("../../../docs/mcp.md", import.meta.url);
const [begin, end] = ["<!-- conformance: begin -->\n", "<!-- conformance: end -->"];

/** What each profile passed, as the table in docs. */
export function tableOf(results: Readonly<Record<Revision, readonly ScenarioResult[]>>): string {
  const names = [...new Set(revisions.flatMap((revision) => results[revision].map(({ name }) => name)))];
  const reasons = new Map(revisions.flatMap((revision) => [...reasonsOf(revision)]));
  const lines = names.map((name) => {
    const cells = revisions.map((revision) => {
      const found = results[revision].find((one) => one.name === name);
      if (found === undefined) return "not in it";
      if (found.failed.length === 0) return "passes";
      // Besides its own, each scenario has a check of the messages against the protocol's schema.
      return found.passed > 1
        ? `all but ${found.failed.length} of ${found.failed.length + found.passed} checks`
        : "no";
    });
    const why = cells.every((cell) => cell === "passes" || cell === "not in it") ? "" : reasons.get(name);
    return `| ${[`\`${name}\``, ...cells, why ?? "not known"].join(" | ")} |`;
  });
  const head = `| scenario | ${revisions.join(" | ")} | why not |\n|---|---|---|---|\n`;
  return `${head}${lines.join("\n")}\n`;
}

/** The document's table, and the document with another one. */
export function documented(): { table: string; withTable: (table: string) => string; file: URL } {
  const text = readFileSync(document, "utf8");
  const from = text.indexOf(begin) + begin.length;
  const to = text.indexOf(end);
  return {
    table: text.slice(from, to),
    withTable: (table) => text.slice(0, from) + table + text.slice(to),
    file: document,
  };
}

/** Why a scenario fails: the comment above its group. */
function reasonsOf(revision: Revision): Map<string, string> {
  const reasons = new Map<string, string>();
  let reason = "";
  for (const line of readFileSync(expectedFailures(revision), "utf8").split("\n")) {
    reason = /^ {2}# (.*)$/.exec(line)?.[1] ?? reason;
    const name = /^ {2}- ([\w-]+)/.exec(line)?.[1];
    if (name !== undefined) reasons.set(name, reason);
  }
  return reasons;
}
