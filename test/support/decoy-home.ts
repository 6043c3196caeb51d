import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const portGuard = fileURLToPath(new URL("./default-port-guard.cjs", import.meta.url));
const parleyFolders = [".local/state/parley", ".local/share/parley", ".config/parley"];
const discoveryFile = join(parleyFolders[0]!, "daemon.json");

/**
 * A home that stands for the one of the user who runs the tests. A daemon seems to run there; what a test connects to it,
 * writes beside it or does with the default port is a trespass.
 */
export class DecoyHome {
  readonly path: string;
  readonly env: NodeJS.ProcessEnv;
  readonly #trespasses: string;
  readonly #socketPath: string;
  readonly #discovery: string;
  readonly #daemon: Server;

  constructor() {
    this.path = mkdtempSync(join(tmpdir(), "parley-home-"));
    this.#trespasses = join(this.path, "trespasses.txt");
    this.#socketPath = join(this.path, "run/parley/daemon.sock");
    this.#discovery = JSON.stringify({
      pid: process.pid,
      address: "http://127.0.0.1:7433",
      socket_path: this.#socketPath,
    });
    this.#daemon = createServer((socket) => {
      appendFileSync(this.#trespasses, "a process connected to the socket of the user's daemon\n");
      socket.destroy();
    });
    this.env = {
      HOME: this.path,
      XDG_STATE_HOME: join(this.path, ".local/state"),
      XDG_DATA_HOME: join(this.path, ".local/share"),
      XDG_CONFIG_HOME: join(this.path, ".config"),
      XDG_RUNTIME_DIR: join(this.path, "run"),
      PARLEY_TEST_TRESPASS: this.#trespasses,
      NODE_OPTIONS: `--require "${portGuard}"`,
    };
    for (const folder of [".local/state/parley", "run/parley"])
      mkdirSync(join(this.path, folder), { recursive: true, mode: 0o700 });
    writeFileSync(join(this.path, discoveryFile), this.#discovery, { mode: 0o600 });
  }

  async open(): Promise<void> {
    const mask = process.umask(0o177);
    try {
      await new Promise<void>((resolve, reject) =>
        this.#daemon.once("error", reject).listen(this.#socketPath, resolve),
      );
    } finally {
      process.umask(mask);
    }
    this.#daemon.unref();
  }

  trespasses(): string[] {
    const reported = existsSync(this.#trespasses)
      ? readFileSync(this.#trespasses, "utf8").trim().split("\n")
      : [];
    return [...reported, ...this.#changedPlaces()];
  }

  close(): void {
    this.#daemon.close();
    rmSync(this.path, { recursive: true, force: true });
  }

  #changedPlaces(): string[] {
    const files = parleyFolders.flatMap((folder) => {
      const path = join(this.path, folder);
      return existsSync(path) ? readdirSync(path).map((name) => join(folder, name)) : [];
    });
    const foreign = files.filter((path) => path !== discoveryFile).map((path) => `a process wrote ~/${path}`);
    const path = join(this.path, discoveryFile);
    const isKept = existsSync(path) && readFileSync(path, "utf8") === this.#discovery;
    return isKept ? foreign : [...foreign, `a process replaced or removed ~/${discoveryFile}`];
  }
}
