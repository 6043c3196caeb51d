import { chmodSync, rmSync, symlinkSync } from "node:fs";
import { canBeStranger, type Stranger } from "../../support/stranger.js";
import { type DaemonState, giveAway, giveFolder, type Victim } from "./victim.js";

/** A cycle's people: the user under test and the stranger who wants what that user sends. */
export interface Scene {
  victim: Victim;
  stranger: Stranger;
}

/** What calls without an address may come to. */
export type Expected = "reached" | "unreachable" | "either";

/** A way in which files of the user's surroundings lead to the stranger. */
export interface Trap {
  name: string;
  /** Only a second user of the system can set it. */
  needsStranger: boolean;
  states: readonly DaemonState[];
  /** Before the daemon is brought into its state. */
  before?(scene: Scene): Promise<void>;
  /** After that. */
  after?(scene: Scene): Promise<void>;
  /**
   * The trap shows a moment in which files are exchanged, by a socket with an owner that only root can give it. What the
   * message advises closes the folder, and would leave that socket in place.
   */
  isMoment?: boolean;
  /** What calls come to. Default: they reach a daemon that starts or is up, and no other. */
  expects?(state: DaemonState): Expected;
}

const all: readonly DaemonState[] = ["down", "dead", "starting", "up"];
const stable: readonly DaemonState[] = ["down", "dead", "up"];
const absent: readonly DaemonState[] = ["down", "dead"];

export const traps: readonly Trap[] = [
  { name: "no files, only ports", needsStranger: false, states: all },
  {
    name: "a runtime folder of another user",
    needsStranger: true,
    states: all,
    async before({ victim, stranger }) {
      victim.env.XDG_RUNTIME_DIR = giveFolder(victim.path("foreign"), 0o777);
      giveFolder(victim.path("foreign/parley"), 0o777);
      await stranger.listenAt(victim.path("foreign/parley/daemon.sock"), 0o666);
    },
  },
  {
    name: "an open runtime folder in which another user was first",
    needsStranger: true,
    states: all,
    async before({ victim, stranger }) {
      victim.env.XDG_RUNTIME_DIR = victim.makeFolder("open", 0o1777);
      giveFolder(victim.path("open/parley"), 0o777);
      await stranger.listenAt(victim.path("open/parley/daemon.sock"), 0o666);
    },
  },
  {
    name: "an open state folder in which another user was first",
    needsStranger: true,
    states: stable,
    async before({ victim, stranger }) {
      victim.env.XDG_STATE_HOME = victim.makeFolder("open-state", 0o1777);
      const folder = giveFolder(victim.path("open-state/parley"), 0o755);
      await stranger.listenAt(`${folder}/daemon.sock`, 0o666);
      giveAway(victim.write(victim.discoveryFile, announcement(`${folder}/daemon.sock`), 0o644));
    },
    // Root can work in folders of other users.
    expects: (state) => (state === "up" ? "either" : "unreachable"),
  },
  {
    name: "a discovery file that another user put in place of the daemon's",
    needsStranger: true,
    states: stable,
    async after({ victim, stranger }) {
      const path = await strangersSocket(victim, stranger);
      rmSync(victim.discoveryFile, { force: true });
      giveAway(victim.write(victim.discoveryFile, announcement(path), 0o644));
      victim.makeFolder("home/state/parley", 0o777);
    },
  },
  {
    name: "a discovery file that other users can write to",
    needsStranger: false,
    states: stable,
    async after({ victim, stranger }) {
      const path = await strangersSocket(victim, stranger);
      victim.write(victim.discoveryFile, announcement(path), 0o666);
    },
  },
  {
    name: "a discovery file that is a symbolic link",
    needsStranger: false,
    states: stable,
    async after({ victim, stranger }) {
      const path = await strangersSocket(victim, stranger);
      const real = victim.write("shared/real.json", announcement(path), 0o600);
      victim.makeFolder("home/state/parley");
      rmSync(victim.discoveryFile, { force: true });
      symlinkSync(real, victim.discoveryFile);
    },
  },
  {
    name: "a socket that is a symbolic link",
    needsStranger: false,
    states: absent,
    async after({ victim, stranger }) {
      const path = await strangersSocket(victim, stranger);
      const socket = `${victim.makeFolder("run/parley")}/daemon.sock`;
      rmSync(socket, { force: true });
      symlinkSync(path, socket);
    },
  },
  {
    name: "a discovery file that names a socket of another user",
    needsStranger: true,
    states: absent,
    async after({ victim, stranger }) {
      const path = await strangersSocket(victim, stranger);
      rmSync(victim.discoveryFile, { force: true });
      victim.write(victim.discoveryFile, announcement(path), 0o600);
    },
  },
  {
    name: "a socket that looks like the user's in a folder of another user",
    isMoment: true,
    needsStranger: true,
    states: absent,
    async after(scene) {
      await disguised(scene, "foreign-folder", (folder) => giveFolder(folder, 0o755));
    },
  },
  {
    name: "a socket that looks like the user's in a folder that other users can write to",
    isMoment: true,
    needsStranger: true,
    states: absent,
    async after(scene) {
      await disguised(scene, "open-folder", (folder) => scene.victim.makeFolder(folder, 0o777));
    },
  },
  {
    name: "a socket that looks like the user's below a folder that other users can replace",
    isMoment: true,
    needsStranger: true,
    states: absent,
    async after(scene) {
      scene.victim.makeFolder("replaceable", 0o777);
      await disguised(scene, "replaceable/private", (folder) => {
        scene.victim.makeFolder(folder);
        scene.victim.makeFolder("replaceable", 0o777);
      });
    },
  },
  {
    name: "a socket of the user that other users can write to",
    isMoment: true,
    needsStranger: false,
    states: absent,
    async after({ victim, stranger }) {
      const socket = `${victim.makeFolder("run/parley", 0o777)}/daemon.sock`;
      victim.makeFolder("run", 0o711);
      rmSync(socket, { force: true });
      await stranger.listenAt(socket, 0o666);
      victim.own(socket);
      chmodSync(victim.path("run/parley"), 0o700);
    },
  },
  {
    name: "a mark of a start by another user",
    needsStranger: true,
    states: absent,
    async after({ victim }) {
      victim.makeFolder("home/state/parley", 0o777);
      const mark = JSON.stringify({ state: "starting", pid: process.pid });
      giveAway(victim.write("home/state/parley/starting.json", mark, 0o644));
    },
  },
  {
    name: "a temporary folder in which another user was first",
    needsStranger: true,
    states: all,
    async before({ victim, stranger }) {
      victim.env.TMPDIR = victim.makeFolder("tmp", 0o1777);
      const folder = giveFolder(victim.path(`tmp/parley-${victim.uid}`), 0o777);
      await stranger.listenAt(`${folder}/daemon.sock`, 0o666);
      // Too long for a socket, so that the daemon falls back to the temporary folder.
      victim.env.XDG_RUNTIME_DIR = victim.makeFolder(`run/${"long".repeat(25)}`);
    },
  },
];

/** Traps that can be set here. */
export function possibleTraps(): readonly Trap[] {
  return traps.filter(({ needsStranger }) => canBeStranger || !needsStranger);
}

export function expected({ expects }: Trap, state: DaemonState): Expected {
  return expects?.(state) ?? (state === "up" || state === "starting" ? "reached" : "unreachable");
}

/** What a discovery file of the stranger holds. */
function announcement(socketPath: string): string {
  return JSON.stringify({ pid: process.pid, state: "serving", socket_path: socketPath });
}

/** A socket that the stranger made in a folder of theirs. */
async function strangersSocket(victim: Victim, stranger: Stranger): Promise<string> {
  giveFolder(victim.makeFolder("shared"), 0o777);
  const path = victim.path("shared/stranger.sock");
  await stranger.listenAt(path, 0o666);
  return path;
}

/** A socket with the user's owner and mode, behind which the stranger listens. */
async function disguised(
  { victim, stranger }: Scene,
  folder: string,
  finish: (folder: string) => void,
): Promise<void> {
  const path = victim.path(`${folder}/daemon.sock`);
  victim.makeFolder(folder, 0o777);
  await stranger.listenAt(path, 0o600);
  victim.own(path);
  finish(victim.path(folder));
  rmSync(victim.discoveryFile, { force: true });
  victim.write(victim.discoveryFile, announcement(path), 0o600);
}
