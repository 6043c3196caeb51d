import type { DatabaseSync, StatementSync } from "node:sqlite";

/** A connection's prepared statements, by the names of their texts. */
export function prepare<Name extends string>(
  database: DatabaseSync,
  statements: Record<Name, string>,
): Record<Name, StatementSync> {
  const prepared = Object.entries<string>(statements).map(([name, sql]) => [name, database.prepare(sql)]);
  return Object.fromEntries(prepared) as Record<Name, StatementSync>;
}
