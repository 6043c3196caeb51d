import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Whether the system would find the program: a name that is mistyped is refused before the first interaction. */
export function isProgram(program: string): boolean {
  const folders = program.includes("/") ? [""] : (process.env.PATH ?? "").split(delimiter);
  return folders.some((folder) => {
    const path = folder === "" ? program : join(folder, program);
    try {
      accessSync(path, constants.X_OK);
      return statSync(path).isFile();
    } catch {
      return false;
    }
  });
}
