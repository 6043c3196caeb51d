// The floor of an HTTP server in Node: reads a JSON body, parses it, answers with JSON. Nothing else.
// Usage: raw-http.ts <answer as JSON>
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const answer: unknown = JSON.parse(process.argv[2] ?? '{"ok":true}');

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    if (chunks.length > 0) JSON.parse(Buffer.concat(chunks).toString());
    const text = JSON.stringify(answer);
    response.writeHead(200, {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(text),
    });
    response.end(text);
  });
});
server.listen(0, "127.0.0.1", () => process.send!({ port: (server.address() as AddressInfo).port }));
process.on("SIGTERM", () => process.exit());
