import type { CopyProgress } from "../../storage/sqlite/offline/copy-database.js";

import { redraw } from "../output.js";

const shownAfterMs = 1_000;
const width = 30;

/** A bar on the terminal for a copy that takes more than a second; `end` wipes it. */
export function copyProgress(): { report: CopyProgress; end(): void } {
  const started = performance.now();
  let shown = false;
  return {
    report(copied, total) {
      if (performance.now() - started < shownAfterMs) return;
      shown = true;
      const share = total === 0 ? 1 : copied / total;
      const bar = "#".repeat(Math.round(share * width)).padEnd(width, ".");
      redraw(`[${bar}] ${Math.floor(share * 100)} %`);
    },
    end() {
      if (!shown) return;
      redraw(" ".repeat(width + 8));
      redraw("");
    },
  };
}

export function byteSize(bytes: number): string {
  return bytes < 2 ** 30 ? `${(bytes / 2 ** 20).toFixed(1)} MiB` : `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
