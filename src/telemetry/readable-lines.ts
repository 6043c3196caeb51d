import type { DestinationStream } from "pino";
import { visibleLine, visibleText } from "../terminal-text.js";

const colours: Record<string, string> = { debug: "\u001b[2m", warn: "\u001b[33m", error: "\u001b[31m" };

/** A line of the log as a person reads it, in the order of its parts; what clients and peers wrote is in it as it is. */
export interface ReadableLine {
  clock: string;
  level: string;
  /** The message, then the fields. */
  text: string;
  /** An error's stack. */
  trace: string | undefined;
}

/** Turns the logger's JSON lines into text for a terminal, which gets nothing in them that it would obey. */
export function readableLines(
  target: DestinationStream,
  colour = process.env.NO_COLOR === undefined,
): DestinationStream {
  return {
    write(line) {
      const { clock, level, text, trace } = readableLine(line, { date: false });
      const paint = colour ? colours[level] : undefined;
      const name = visibleLine(level.padEnd(5));
      const head = `${clock} ${paint === undefined ? name : `${paint}${name}\u001b[0m`} ${visibleLine(text)}`;
      target.write(trace === undefined ? `${head}\n` : `${head}\n${visibleText(trace)}\n`);
    },
  };
}

/** `date` puts the day before the time. Throws for a line that the logger did not write. */
export function readableLine(line: string, { date }: { date: boolean }): ReadableLine {
  const { time, level, msg, err, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const clock = String(time)
    .slice(date ? 0 : 11, 23)
    .replace("T", " ");
  const facts = Object.entries(fields).map(
    ([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  const text = [String(msg ?? ""), ...facts].join(" ");
  const failure = err as { stack?: string; message?: string } | undefined;
  return { clock, level: String(level), text, trace: failure?.stack ?? failure?.message };
}
