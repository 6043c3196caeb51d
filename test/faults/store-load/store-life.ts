import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable } from "node:stream";

export type StoreProcess = ChildProcessByStdio<null, Readable, null>;

/** One life of the load on the store at `path`, up to its death, which `begun` arranges; resolves to all that it printed. */
export async function storeLife(
  load: { program: string; path: string; inFlight: number; seed: number },
  begun: (child: StoreProcess, acknowledged: (listener: (count: number) => void) => void) => void,
): Promise<string> {
  const child = spawn(
    process.execPath,
    [load.program, load.path, String(load.inFlight), String(load.seed)],
    // What it says when it dies of the fault is of no interest.
    { stdio: ["ignore", "pipe", "ignore"] },
  );
  let printed = "";
  const listeners: ((count: number) => void)[] = [];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    printed += text;
    if (listeners.length === 0) return;
    // What is read at once mostly begins with a line: on a quick machine nearly every append stands first.
    const count = text.match(/^append /gm)?.length ?? 0;
    if (count > 0) for (const listener of listeners) listener(count);
  });
  begun(child, (listener) => listeners.push(listener));
  await new Promise((resolve) => child.once("close", resolve));
  return printed;
}
