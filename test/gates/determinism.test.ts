import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { root } from "./_tree.js";

const run = promisify(execFile);

interface Place {
  seed: string;
  cwd: string;
  zone: string;
  locale: string;
}

const here: Place = { seed: "0", cwd: root, zone: "UTC", locale: "en_US.UTF-8" };
const there: Place = { seed: "17", cwd: tmpdir(), zone: "Pacific/Chatham", locale: "de_DE.UTF-8" };

async function hashesIn(place: Place, ...extra: string[]): Promise<Record<string, string>> {
  const { stdout } = await run(
    process.execPath,
    [
      "--import",
      join(root, "scripts/ts.mjs"),
      join(root, "test/gates/_output-hashes.ts"),
      place.seed,
      ...extra,
    ],
    { cwd: place.cwd, env: { ...process.env, TZ: place.zone, LANG: place.locale, LC_ALL: place.locale } },
  );
  return JSON.parse(stdout) as Record<string, string>;
}

/** Outputs whose bytes depend on where the generator ran. */
async function drifting(...extra: string[]): Promise<string[]> {
  const [first, second] = await Promise.all([hashesIn(here, ...extra), hashesIn(there, ...extra)]);
  const paths = new Set([...Object.keys(first), ...Object.keys(second)]);
  return [...paths].filter((path) => first[path] !== second[path]).sort();
}

describe("[contract.determinism] the same schemas give the same bytes everywhere", () => {
  test("file order, folder, time zone and locale change nothing", async () => {
    expect(
      await drifting(),
      "these outputs depend on the place: sort what is read, and keep Date, Intl and process out of emitters",
    ).toEqual([]);
  });

  test("red when an output depends on any of them", async () => {
    expect(await drifting("drift")).toEqual(["cwd", "locale", "order", "zone"]);
  });
});
