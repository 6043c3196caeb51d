import { ModelFailure } from "./model-failure.js";

/** No line of an honest server is longer, in characters. */
const longestLine = 8 * 1024 * 1024;

/** The `data` of each server-sent event. */
export async function* serverSentData(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let pending = "";
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    pending += text;
    const lines = pending.split(/\r\n|\n|\r(?!$)/);
    pending = lines.pop()!;
    if (pending.length > longestLine)
      throw new ModelFailure("the model server sent a line without an end", "executor_error", false);
    for (const line of lines) if (line.startsWith("data:")) yield line.slice(5).trim();
  }
}
