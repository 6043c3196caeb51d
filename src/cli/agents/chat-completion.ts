export interface CompletionRequest {
  /** Base address of an OpenAI-compatible API, for example `http://127.0.0.1:11434/v1`. */
  url: string;
  apiKey: string | undefined;
  model: string;
  messages: { role: string; content: string }[];
  signal: AbortSignal;
}

/** The text of a streamed chat completion, piece by piece. Throws with the server's own words when it refuses, and when it ends without saying that it is done. */
export async function* streamCompletion(request: CompletionRequest): AsyncGenerator<string> {
  const address = `${request.url.replace(/\/$/, "")}/chat/completions`;
  const response = await fetch(address, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(request.apiKey === undefined ? {} : { authorization: `Bearer ${request.apiKey}` }),
    },
    body: JSON.stringify({ model: request.model, messages: request.messages, stream: true }),
    signal: request.signal,
  }).catch((error: unknown) => {
    const cause = (error as { cause?: { message?: string } }).cause?.message ?? (error as Error).message;
    throw new Error(`cannot reach the model server at ${address}: ${cause}; is it running?`);
  });
  if (!response.ok)
    throw new Error(`${address} answered ${response.status}: ${(await response.text()).slice(0, 500)}`);
  for await (const data of serverSentData(response.body!)) {
    if (data === "[DONE]") return;
    const chunk = JSON.parse(data) as {
      error?: { message?: string };
      choices?: { delta?: { content?: string | null } }[];
    };
    if (chunk.error !== undefined) throw new Error(`the model server failed: ${chunk.error.message ?? data}`);
    const delta = chunk.choices?.[0]?.delta?.content;
    if (delta) yield delta;
  }
  throw new Error("the model server ended the stream before it was done");
}

/** The `data` of each server-sent event. */
async function* serverSentData(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let pending = "";
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    pending += text;
    const lines = pending.split(/\r\n|\n|\r(?!$)/);
    pending = lines.pop()!;
    for (const line of lines) if (line.startsWith("data:")) yield line.slice(5).trimStart();
  }
}
