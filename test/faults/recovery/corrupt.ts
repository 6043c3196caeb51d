import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { type Damage, damages } from "./damages.js";
import { isRefused, mustStart, type OwnDaemon, type Sent, startOn } from "./own-daemon.js";
import { expectThat, type PartOptions, type Seen } from "./part.js";

const messages = 240;
/** A daemon that met the damage has stopped. */
const ended: Sent = { status: 0, code: undefined, deduplicated: undefined };

/** Starts on damaged files: refused by name with what to do, or served; what is there is never replaced by nothing. */
export async function corruptPart(
  { random, seen }: PartOptions,
  list: readonly Damage[] = damages,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "parley-corrupt-"));
  try {
    const good = await crashedStore(folder);
    let refusals = 0;
    for (const damage of list) if (await tryDamage(folder, good, damage, random, seen)) refusals++;
    seen.figures.damages_refused = `${refusals} of ${list.length}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A store of some pages whose newest commits are in the log only. */
async function crashedStore(folder: string): Promise<string> {
  const store = join(folder, "good", "parley.db");
  const first = await mustStart(folder, store);
  await first.call("POST", "/sessions", { name: "bob" });
  for (let n = 0; n < 200; n++) await first.send(n);
  await first.stop();
  const second = await mustStart(folder, store);
  for (let n = 200; n < messages; n++) await second.send(n);
  await second.stop("SIGKILL");
  return store;
}

async function tryDamage(
  folder: string,
  good: string,
  damage: Damage,
  random: PartOptions["random"],
  seen: Seen,
): Promise<boolean> {
  const store = join(folder, "damaged", "parley.db");
  rmSync(join(folder, "damaged"), { recursive: true, force: true });
  mkdirSync(join(folder, "damaged"));
  for (const end of ["", "-wal"]) copyFileSync(good + end, store + end);
  damage.apply(store, random);
  const before = contents(store);
  let refused = false;
  for (let attempt = 1; attempt <= 2; attempt++) {
    const start = await startOn(folder, store);
    if (isRefused(start)) {
      refused = true;
      const { exitCode, says } = start;
      expectThat(seen, exitCode === 1, `${damage.name}: the start ended with ${exitCode}`);
      const advises = says.includes(store) && /restore|newer Parley/.test(says);
      expectThat(seen, advises, `${damage.name}: it only said ${says}`);
      const kept = isDeepStrictEqual(contents(store), before);
      expectThat(seen, kept, `${damage.name}: the refused start changed the files`);
    } else {
      expectThat(seen, !damage.refused, `${damage.name}: the daemon started`);
      await askForAll(start, damage, seen);
      await start.stop();
    }
  }
  return refused;
}

/** Each message is there, or its place cannot be read, typed; none is accepted as if it had never come. */
async function askForAll(daemon: OwnDaemon, damage: Damage, seen: Seen): Promise<void> {
  for (let n = 0; n < messages; n++) {
    const { status, code, deduplicated } = await daemon.send(n).catch(() => ended);
    if (status === 0) break;
    const typed = status >= 500 && code !== undefined;
    expectThat(
      seen,
      typed || deduplicated === true,
      `${damage.name}: key ${n} was answered ${status} ${code}`,
    );
  }
}

function contents(store: string): (Buffer | undefined)[] {
  return ["", "-wal"].map((end) => (existsSync(store + end) ? readFileSync(store + end) : undefined));
}
