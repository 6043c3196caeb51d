import { readFileSync } from "node:fs";

/** How many files this process may open; undefined where there is no limit. Node raises the soft limit to the hard one. */
export function openFilesLimit(): number | undefined {
  const limit = process.platform === "linux" ? limitOf(linuxLimits()) : reportedLimit();
  return Number.isFinite(limit) ? limit : undefined;
}

function linuxLimits(): string {
  try {
    return readFileSync("/proc/self/limits", "latin1");
  } catch (error) {
    // With no file left to open the answer is as small as can be.
    return (error as NodeJS.ErrnoException).code === "EMFILE" ? "Max open files 0 0" : "";
  }
}

function limitOf(text: string): number {
  return Number(/^Max open files\s+(\w+)/m.exec(text)?.[1]);
}

function reportedLimit(): number {
  // Otherwise it asks for the names of all peers.
  Object.assign(process.report, { excludeNetwork: true });
  const { userLimits } = process.report.getReport() as unknown as {
    userLimits?: { open_files?: { soft?: number | string } };
  };
  return Number(userLimits?.open_files?.soft);
}
