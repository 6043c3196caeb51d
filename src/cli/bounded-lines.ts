const newline = 0x0a;
const carriageReturn = 0x0d;

/** The lines of a stream of UTF-8, without their ends; undefined for one of more than `limitBytes`, which is never kept. */
export async function* boundedLines(
  chunks: AsyncIterable<Buffer>,
  limitBytes: number,
): AsyncGenerator<string | undefined> {
  let parts: Buffer[] = [];
  let bytes = 0;
  const take = (part: Buffer): void => {
    bytes += part.length;
    if (bytes <= limitBytes) parts.push(part);
    else parts = [];
  };
  const line = (): string | undefined => {
    const text = bytes > limitBytes ? undefined : decode(Buffer.concat(parts));
    [parts, bytes] = [[], 0];
    return text;
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      take(chunk.subarray(start, end));
      start = end + 1;
      yield line();
    }
    take(chunk.subarray(start));
  }
  if (bytes > 0) yield line();
}

function decode(line: Buffer): string {
  const end = line.at(-1) === carriageReturn ? line.length - 1 : line.length;
  return line.toString("utf8", 0, end);
}
