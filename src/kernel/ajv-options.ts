import type { Options } from "ajv/dist/2020.js";

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
};
