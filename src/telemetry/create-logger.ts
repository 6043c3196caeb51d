import { type DestinationStream, type Logger as PinoLogger, pino, stdTimeFunctions } from "pino";
import type { Logger } from "../kernel/logger.js";
import { readableLines } from "./readable-lines.js";

export interface LoggerOptions {
  level: "debug" | "info" | "warn" | "error" | "silent";
  /** What takes the lines. */
  destination: DestinationStream;
  /** Text for people instead of JSON. */
  readable?: boolean;
}

const secretFields = [
  "authorization",
  "cookie",
  "secret",
  "ticket",
  "token",
  "lease_token",
  "claim_token",
  "page_key",
  "parley-page-key",
  "set-cookie",
];

/** Fields that hold secrets, at the top of a line and up to two levels below. */
const secretPaths = secretFields.flatMap((name) => {
  const key = /^\w+$/.test(name) ? `.${name}` : `["${name}"]`;
  return [key.replace(/^\./, ""), `*${key}`, `*.*${key}`];
});

/** The process's logger: one JSON object per line, or readable text. */
export function createLogger(options: LoggerOptions): Logger {
  return createPino(options);
}

function createPino({ level, destination, readable = false }: LoggerOptions): PinoLogger {
  return pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      redact: { paths: secretPaths, censor: "[secret]" },
      formatters: { level: (label) => ({ level: label }) },
    },
    readable ? readableLines(destination) : destination,
  );
}
