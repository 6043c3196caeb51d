import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface ModelRequest {
  authorization: string | undefined;
  body: {
    model: string;
    messages: { role: string; content: string | null; [field: string]: unknown }[];
    tools?: unknown[];
    stream_options?: unknown;
  };
  /** Resolves when the client has gone before the answer was over. */
  abandoned: Promise<void>;
}

export interface ModelServer {
  /** The API's base address. */
  url: string;
  requests: ModelRequest[];
  /** What the next requests are answered; the last one stays. */
  answers: ((response: ServerResponse, request: ModelRequest) => void)[];
  [Symbol.asyncDispose](): Promise<void>;
}

/** An OpenAI-compatible model server that says what a test wants. */
export async function startModelServer(): Promise<ModelServer> {
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request.setEncoding("utf8")) text += chunk;
    const abandoned = new Promise<void>((resolve) =>
      response.once("close", () => response.writableFinished || resolve()),
    );
    const seen = { authorization: request.headers.authorization, body: JSON.parse(text), abandoned };
    model.requests.push(seen);
    const answer = model.answers.length > 1 ? model.answers.shift() : model.answers[0];
    (answer ?? says("ok"))(response, seen);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const model: ModelServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests: [],
    answers: [],
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return model;
}

/** Server-sent chunks of a completion: each a delta, or a whole chunk when it has `choices`. */
export function chunks(response: ServerResponse, ...pieces: object[]): void {
  if (!response.headersSent) response.writeHead(200, { "content-type": "text/event-stream" });
  for (const piece of pieces) {
    const chunk = "choices" in piece || "error" in piece ? piece : { choices: [{ delta: piece }] };
    response.write(`data: ${JSON.stringify(chunk)}\n\n`);
  }
}

/** An answer of these words. */
export function says(...words: string[]): ModelServer["answers"][number] {
  return (response) => {
    chunks(response, ...words.map((content) => ({ content })), {
      choices: [{ delta: {}, finish_reason: "stop" }],
    });
    response.end("data: [DONE]\n\n");
  };
}
