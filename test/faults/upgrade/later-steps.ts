import type { Mutation } from "../kit/mutated-bundle.js";

/**
 * Two schema steps as a later version might take them: one that adds a table and fills it from every row, one that moves
 * every row to a table with another rule.
 */
export const laterSteps: Mutation = {
  file: "schema.ts",
  from: "`,\n];",
  to: `\`,
  \`
  CREATE TABLE entry_size (pos INTEGER PRIMARY KEY, chars INTEGER NOT NULL) STRICT;
  INSERT INTO entry_size SELECT pos, length(body) FROM entry;
  \`,
  \`
  CREATE TABLE moved (
    pos INTEGER PRIMARY KEY CHECK (pos > 0),
    log INTEGER NOT NULL,
    id BLOB NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL
  ) STRICT;
  INSERT INTO moved SELECT * FROM entry;
  DROP TABLE entry;
  ALTER TABLE moved RENAME TO entry;
  CREATE UNIQUE INDEX entry_id ON entry (id, log);
  CREATE INDEX entry_subject ON entry (subject, log) WHERE subject <> '';
  \`,
];`,
};

export const laterStepCount = 2;
