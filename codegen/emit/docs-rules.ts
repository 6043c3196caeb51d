import { breakingRules } from "../breaking-rules.js";
import { table } from "./docs-tables.js";

/** What may change in the contract and what breaks older clients. */
export function rulesPage(): string[] {
  const order = [...breakingRules.values()];
  return [
    "# Breaking changes",
    "",
    "The contract is compared with its last accepted form, rule by rule. Requests and config are what clients write: the daemon may take more, never less. Responses and events are what clients read: new fields, values and variants may come only where the contract is open. A breaking change needs the next minor version (before 1.0) or the next major one.",
    "",
    "WIRE: running programs notice. SOURCE: programs that are built again notice. DOCS: only readers notice.",
    "",
    ...table(
      ["Rule", "Role", "Direction", "Category", "Verdict", "Why"],
      order.map((rule) => [
        `\`${rule.id}\``,
        rule.role,
        rule.direction,
        rule.category,
        rule.breaking ? "**breaking**" : "fine",
        rule.sentence,
      ]),
    ),
  ];
}
