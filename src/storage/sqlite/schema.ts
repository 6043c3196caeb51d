/** Marks a file as ours in SQLite's header ("Prly"). */
export const applicationId = 0x50726c79;

/** Bits of a packed position below the log's number: entries of a log lie together in one B-tree without a second index. */
export const seqBits = 36;

/** The step from each schema version to the next; the file's `user_version` counts those taken. Never edit a released one. */
export const migrations: readonly string[] = [
  `
  CREATE TABLE log (log INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, last_seq INTEGER NOT NULL) STRICT;
  CREATE TABLE entry (
    pos INTEGER PRIMARY KEY, -- log << ${seqBits} | seq
    log INTEGER NOT NULL,
    id BLOB NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL
  ) STRICT;
  -- The id comes first: UUIDv7 ids of all logs then land on the index's last pages.
  CREATE UNIQUE INDEX entry_id ON entry (id, log);
  CREATE INDEX entry_subject ON entry (subject, log) WHERE subject <> '';
  CREATE TABLE counter (rev INTEGER NOT NULL) STRICT;
  INSERT INTO counter VALUES (0);
  CREATE TABLE bucket (
    bucket INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    purged_rev INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE TABLE slot (
    slot INTEGER PRIMARY KEY,
    bucket INTEGER NOT NULL,
    key TEXT NOT NULL,
    rev INTEGER NOT NULL,
    value TEXT, -- NULL: tombstone
    expires_at INTEGER,
    changed_at INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX slot_key ON slot (bucket, key);
  CREATE UNIQUE INDEX slot_rev ON slot (bucket, rev);
  `,
  `
  -- Appends of all logs in the order of their commits, until they are folded into entry. Without an index, so that a
  -- commit writes only this table's last pages; log.last_seq does not count them yet.
  CREATE TABLE recent (
    n INTEGER PRIMARY KEY,
    log INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    id TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL
  ) STRICT;
  `,
];
