import { watch } from "node:fs";
import { basename, dirname } from "node:path";

/**
 * Calls back when the system reports that something happened to the path or its folder; the result ends the watch. Best
 * effort: a system that cannot watch, and changes that it does not report, are left to a look from time to time.
 */
export function watchPath(path: string, changed: () => void): () => void {
  const folder = dirname(path);
  // The folder's own name stands for its removal.
  const names = [null, basename(path), basename(folder)];
  try {
    const watcher = watch(folder, { persistent: false }, (_event, name) => {
      if (names.includes(name)) changed();
    });
    watcher.on("error", () => watcher.close());
    return () => watcher.close();
  } catch {
    return () => undefined;
  }
}
