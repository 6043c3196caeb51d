import { type DestinationStream, type Logger as PinoLogger, pino, stdTimeFunctions } from "pino";
import type { Logger } from "../kernel/logger.js";
import { readableLines } from "./readable-lines.js";

export interface LoggerOptions {
  level: "debug" | "info" | "warn" | "error" | "silent";
  /** File descriptor to write to; default 2, because stdout belongs to the command that was asked for. */
  fd?: number;
  /** Text for people instead of JSON; default: whether the descriptor is a terminal. */
  readable?: boolean;
  /** Instead of a file descriptor. */
  destination?: DestinationStream;
}

const secretFields = [
  "authorization",
  "cookie",
  "secret",
  "ticket",
  "token",
  "lease_token",
  "claim_token",
  "set-cookie",
];

/** Fields that hold secrets, at the top of a line and up to two levels below. */
const secretPaths = secretFields.flatMap((name) => {
  const key = /^\w+$/.test(name) ? `.${name}` : `["${name}"]`;
  return [key.replace(/^\./, ""), `*${key}`, `*.*${key}`];
});

/** The process's logger: one JSON object per line, readable text on a terminal, written synchronously so that a crash loses nothing. */
export function createLogger(options: LoggerOptions): Logger {
  return createPino(options);
}

function createPino({ level, fd = 2, readable, destination }: LoggerOptions): PinoLogger {
  const target = destination ?? pino.destination({ fd, sync: true });
  const forPeople = readable ?? (destination === undefined && isTerminal(fd));
  return pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      redact: { paths: secretPaths, censor: "[secret]" },
      formatters: { level: (label) => ({ level: label }) },
    },
    forPeople ? readableLines(target) : target,
  );
}

function isTerminal(fd: number): boolean {
  const stream = fd === 1 ? process.stdout : fd === 2 ? process.stderr : undefined;
  return stream?.isTTY === true;
}
