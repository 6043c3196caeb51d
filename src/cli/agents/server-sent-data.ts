import { LineReader } from "../../../sdks/typescript/src/runtime/line-reader.js";
import { ModelFailure } from "./model-failure.js";

/** The longest line that a model server may send, in bytes. */
const maxLineBytes = 8 * 1024 * 1024;

/** The value of each line `data`: model servers send one for each event, some without the empty line that ends it. */
export async function* serverSentData(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = new LineReader(maxLineBytes, "replace");
  for await (const piece of body) {
    const values: string[] = [];
    try {
      reader.push(piece, (line) => {
        if (line.startsWith("data:")) values.push(line.slice(5).trim());
      });
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new ModelFailure(
        `the model server sent a line of more than ${maxLineBytes} bytes`,
        "executor_error",
        false,
      );
    }
    yield* values;
  }
}
