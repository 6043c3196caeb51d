import { describe, expect, test } from "vitest";
import { serverSentData } from "./server-sent-data.js";

describe("[cli.model-lines] what a model server sends", () => {
  test("is read line by line, however it is cut and ended", async () => {
    const text = "\ufeffdata: é😀\r\n\r\n: comment\ndata:[1]\rdata: last\nevent: x\ndata: not ended";
    const bytes = Buffer.from(text);
    for (let size = 1; size <= bytes.length; size += 1)
      expect(await read(bytes, size)).toEqual(["é😀", "[1]", "last"]);
  });

  test("is read also when it is not UTF-8, as broken models send it", async () => {
    expect(await read(Buffer.from("data: a\xffb\n", "latin1"), 100)).toEqual(["a\ufffdb"]);
  });

  test("may have a line of 8 MiB, which is read in time that grows with its length", async () => {
    const value = "x".repeat(8 * 1024 * 1024 - 6);
    const before = process.cpuUsage();
    const [line] = await read(Buffer.from(`data: ${value}\n`), 512);
    const { user, system } = process.cpuUsage(before);
    expect(line === value).toBe(true);
    expect((user + system) / 1_000_000).toBeLessThan(10);
  });

  test("is refused with a longer line, before its end has come", async () => {
    await expect(read(Buffer.alloc(9 * 1024 * 1024, "x"), 65_536)).rejects.toMatchObject({
      message: "the model server sent a line of more than 8388608 bytes",
      retryable: false,
    });
  });
});

async function read(bytes: Buffer, size: number): Promise<string[]> {
  let at = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.subarray(at, at + size));
      at += size;
    },
  });
  const values: string[] = [];
  for await (const value of serverSentData(body)) values.push(value);
  return values;
}
