import { dirname, join } from "node:path";
import { checkStoreFile } from "../kit/store-file.js";
import { isRefused, mustStart, type OwnDaemon, startOn } from "./own-daemon.js";
import { expectThat, type PartOptions, type Seen } from "./part.js";
import { mountSmallDisk, type SmallDisk } from "./small-disk.js";

const rounds = 3;
const refusalsPerRound = 10;

/** Store and log on a disk that fills up: typed refusals, reads go on, and it recovers without a restart. */
export async function fullDiskPart({ random, seen }: PartOptions): Promise<void> {
  let disk: SmallDisk;
  try {
    disk = mountSmallDisk(24);
  } catch (error) {
    seen.skipped.push(`full and read-only disk: no mount here (${(error as Error).message.split("\n")[0]})`);
    return;
  }
  using own = disk;
  const store = join(own.folder, "parley.db");
  const log = `[log]\nrequests = true\nfile = "${join(own.folder, "daemon.log")}"\n`;
  const acknowledged: number[] = [];
  let daemon = await mustStart(own.beside, store, log);
  await daemon.call("POST", "/sessions", { name: "bob" });
  for (let n = 0; n < 20; n++) await accept(daemon, n, acknowledged, seen);
  const refused: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    own.fill();
    for (let n = round * 10_000, misses = 0; misses < refusalsPerRound && n < round * 10_000 + 5_000; n++) {
      const { status, code } = await daemon.send(n);
      if (status === 200) acknowledged.push(n);
      else {
        misses++;
        refused.push(n);
        expectThat(
          seen,
          status === 503 && code === "storage_unavailable",
          `full disk: a send was answered ${status} ${code}`,
        );
      }
    }
    for (const path of ["/sessions/bob", "/healthz", "/comms/peers"]) {
      const { status } = await daemon.call("GET", path);
      expectThat(seen, status === 200, `full disk: GET ${path} was answered ${status}`);
    }
    own.free();
    for (let n = 0; n < 5; n++) await accept(daemon, round * 10_000 + 9_000 + n, acknowledged, seen);
  }
  // Repeated after a refusal, each is accepted as new: none of them was written.
  for (const n of refused) {
    const { status, deduplicated } = await daemon.send(n);
    expectThat(
      seen,
      status === 200 && deduplicated === false,
      `full disk: refused key ${n} came back ${status} ${deduplicated}`,
    );
    acknowledged.push(n);
  }
  seen.figures.full_disk_refusals = refused.length;

  own.fill();
  await daemon.stop("SIGKILL");
  const start = await startOn(own.beside, store, log);
  seen.figures.start_on_full_disk = isRefused(start) ? "refused" : "serves";
  if (isRefused(start)) {
    const named = start.exitCode === 1 && start.says.includes(store);
    expectThat(seen, named, `full disk: the start ended with ${start.exitCode}: ${start.says}`);
  } else await start.stop("SIGKILL");
  own.free();
  daemon = await mustStart(own.beside, store, log);
  for (const n of random.chance(0.5) ? acknowledged : acknowledged.toReversed()) {
    const { status, deduplicated } = await daemon.send(n);
    expectThat(seen, status === 200 && deduplicated === true, `full disk: acknowledged key ${n} is lost`);
  }
  await daemon.stop();
  seen.broken.push(...checkStoreFile(store).map((what) => `full disk: ${what}`));
  await readOnly(own, store, acknowledged, seen);
}

/** A start on a read-only file system is refused by name, changes nothing, and works again afterwards. */
async function readOnly(disk: SmallDisk, store: string, acknowledged: number[], seen: Seen): Promise<void> {
  disk.setReadOnly(true);
  const start = await startOn(disk.beside, store);
  disk.setReadOnly(false);
  const says = isRefused(start) ? start.says : "";
  expectThat(seen, isRefused(start) && start.exitCode === 1, "read-only: the daemon started");
  const isNamed = says.includes(dirname(store)) && says.includes("read-only file system");
  expectThat(seen, isNamed, `read-only: the start only reported ${says}`);
  if (!isRefused(start)) await start.stop();
  const daemon = await mustStart(disk.beside, store);
  for (const n of acknowledged.slice(-5)) {
    const { deduplicated } = await daemon.send(n);
    expectThat(seen, deduplicated === true, `read-only: acknowledged key ${n} is lost`);
  }
  await daemon.stop();
}

async function accept(daemon: OwnDaemon, n: number, acknowledged: number[], seen: Seen): Promise<void> {
  const { status, code } = await daemon.send(n);
  expectThat(seen, status === 200, `full disk: with space a send was answered ${status} ${code}`);
  if (status === 200) acknowledged.push(n);
}
