import type { DestinationStream } from "pino";

const colours: Record<string, string> = { debug: "\u001b[2m", warn: "\u001b[33m", error: "\u001b[31m" };

/** Turns the logger's JSON lines into text for a terminal: time, level, text, then the fields. */
export function readableLines(
  target: DestinationStream,
  colour = process.env.NO_COLOR === undefined,
): DestinationStream {
  return {
    write(line) {
      target.write(`${readableLine(line, { colour, date: false })}\n`);
    },
  };
}

/** One line of the log as text; `date` puts the day before the time. Throws for a line that the logger did not write. */
export function readableLine(line: string, { colour, date }: { colour: boolean; date: boolean }): string {
  const { time, level, msg, err, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const clock = String(time)
    .slice(date ? 0 : 11, 23)
    .replace("T", " ");
  const name = String(level).padEnd(5);
  const paint = colour ? colours[String(level)] : undefined;
  const facts = Object.entries(fields).map(
    ([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  const head = [
    clock,
    paint === undefined ? name : `${paint}${name}\u001b[0m`,
    String(msg ?? ""),
    ...facts,
  ].join(" ");
  const failure = err as { stack?: string; message?: string } | undefined;
  const trace = failure?.stack ?? failure?.message;
  return trace === undefined ? head : `${head}\n${trace}`;
}
