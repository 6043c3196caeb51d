import { readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";

/** Programs that run another one: the script's name says more than theirs. */
const interpreters = /^(node|nodejs|bun|deno|ruby|perl|php|java|(ba|da|z|k)?sh|python[\d.]*|pypy[\d.]*)$/;
/** An argument that is no option, and cannot be a secret or a piece of code. */
const scriptName = /^[\w./@+-]+$/;

/**
 * The program that the process runs, with its script when it is an interpreter: `node server.js`. Linux's `comm` is the
 * name of a thread, which Node and others change. Undefined where this user cannot see it.
 */
export function programName(pid: number, proc = "/proc"): string | undefined {
  const words = wordsOf(`${proc}/${pid}/cmdline`);
  const program = basename(targetOf(`${proc}/${pid}/exe`) ?? firstWord(words) ?? "").replace(
    / \(deleted\)$/,
    "",
  );
  if (program === "") return undefined;
  const script = interpreters.test(program) ? scriptOf(words) : undefined;
  return script === undefined ? program : `${program} ${script}`;
}

/** `server.js` of `node server.js`, `-m http.server` of `python -m http.server`; nothing behind other options. */
function scriptOf([, first, second]: readonly string[]): string | undefined {
  if (first === "-m" && second !== undefined && scriptName.test(second)) return `-m ${second}`;
  return first === undefined || first.startsWith("-") || !scriptName.test(first)
    ? undefined
    : basename(first);
}

/** A program that has changed its title writes text of its own there: only the first word can be a name. */
function firstWord([first]: readonly string[]): string | undefined {
  return first?.split(" ", 1)[0]?.replace(/:$/, "");
}

function wordsOf(path: string): string[] {
  try {
    return readFileSync(path, "utf8").split("\0");
  } catch {
    return [];
  }
}

function targetOf(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}
