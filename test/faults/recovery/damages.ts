import { readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import type { Seeded } from "../kit/seeded.js";

/** A way in which a store's files go bad. */
export interface Damage {
  name: string;
  /** Whether a start must see it; elsewhere it may be met only when the place is read. */
  refused: boolean;
  /** Changes the database at `path` with its log beside it. */
  apply(path: string, random: Seeded): void;
}

const change = (path: string, body: (bytes: Buffer) => void): void => {
  const bytes = readFileSync(path);
  body(bytes);
  writeFileSync(path, bytes);
};

const pageBytes = 4_096;

export const damages: readonly Damage[] = [
  { name: "empty file", refused: true, apply: (path) => truncateSync(path, 0) },
  {
    name: "another program's file",
    refused: true,
    apply: (path) => writeFileSync(path, "somebody's text ".repeat(1_000)),
  },
  {
    name: "wrong magic",
    refused: true,
    apply: (path, random) => change(path, (bytes) => (bytes[random.between(0, 15)]! ^= 0xff)),
  },
  {
    name: "first page of zeros",
    refused: true,
    apply: (path) => change(path, (bytes) => bytes.fill(0, 0, pageBytes)),
  },
  {
    // The log may hold the page: then it is whole again.
    name: "schema page of rubbish",
    refused: false,
    apply: (path, random) =>
      change(path, (bytes) => {
        for (let at = 100; at < pageBytes; at++) bytes[at] = random.between(1, 255);
      }),
  },
  {
    name: "cut off",
    refused: false,
    apply: (path, random) => truncateSync(path, random.between(pageBytes, readFileSync(path).length - 1)),
  },
  {
    name: "a page of rubbish",
    refused: false,
    apply: (path, random) =>
      change(path, (bytes) => {
        const page = random.between(1, bytes.length / pageBytes - 1);
        for (let at = 0; at < pageBytes; at++) bytes[page * pageBytes + at] = random.between(0, 255);
      }),
  },
  {
    name: "file gone, log there",
    refused: true,
    apply: (path) => rmSync(path),
  },
  {
    name: "log damaged in the middle",
    refused: true,
    apply: (path, random) =>
      change(`${path}-wal`, (bytes) => (bytes[random.between(32, bytes.length >> 1)]! ^= 0x10)),
  },
  {
    name: "log's header damaged",
    refused: true,
    apply: (path, random) => change(`${path}-wal`, (bytes) => (bytes[random.between(0, 31)]! ^= 0x10)),
  },
  {
    name: "newer schema",
    refused: true,
    apply: (path) => {
      const database = new DatabaseSync(path);
      database.exec("PRAGMA user_version = 99");
      database.close();
    },
  },
  {
    name: "another database",
    refused: true,
    apply: (path) => {
      for (const end of ["", "-wal"]) renameSync(path + end, `${path}.away${end}`);
      const database = new DatabaseSync(path);
      database.exec("CREATE TABLE other (a)");
      database.close();
    },
  },
];
