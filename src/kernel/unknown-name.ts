import { ContractError } from "./contract-error.js";
import { nearest } from "./nearest.js";

const texts = {
  peer_not_found: ["No peer", "`parley peers` lists those you can reach."],
  session_not_found: ["No session that you may see", "`parley session list` shows those there are."],
  endpoint_not_found: ["No paired daemon", "`parley endpoint list` shows those there are."],
} as const;

/** Comparing takes time for each name, and the caller may repeat it. */
const mostCompared = 1_000;

/** A name that belongs to nothing here, with the one of `names` that is like it; these must be the caller's to see. */
export function unknownName(
  code: keyof typeof texts,
  name: string,
  names: () => readonly string[],
): ContractError {
  const [what, list] = texts[code];
  const like = nearest(name, names().slice(0, mostCompared));
  return new ContractError(code, {
    message: `${what} is called ${name}${like === undefined ? "." : `; did you mean ${like}?`} ${list}`,
  });
}

/** A name like `taken` that `isFree`: with a number at its end. */
export function freeName(taken: string, isFree: (name: string) => boolean): string {
  const stem = taken.replace(/-\d+$/, "").slice(0, 58).replace(/-+$/, "");
  for (let number = 2; ; number += 1) {
    const name = `${stem}-${number}`;
    if (isFree(name)) return name;
  }
}
