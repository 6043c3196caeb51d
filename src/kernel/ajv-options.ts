import type { Options } from "ajv/dist/2020.js";

/** A hostile body can be wrong in a million places; only the first so many are looked for. */
export const maxErrors = 256;

/**
 * How requests are validated, wherever validators are compiled: at build time or, in development, on first use.
 * Formats are not checked because each has a pattern beside it.
 */
export const ajvOptions: Options = {
  strict: true,
  allErrors: true,
  discriminator: true,
  useDefaults: true,
  validateFormats: false,
  messages: false,
  code: { process: boundErrors },
};

/**
 * Ends the loops of a compiled validator once enough errors are found. It copies its errors for each item of a list that
 * is wrong, so that a hundred thousand of them would take minutes.
 */
export function boundErrors(code: string): string {
  return code.replace(
    /for\((?:const|let|var) (?:key\d+ in \w+|i\d+=0; i\d+<len\d+; i\d+\+\+)\)\{/g,
    `$&if(errors >= ${maxErrors})break;`,
  );
}
