// The smallest daemon that Node can be: an HTTP server that says when it listens.
import { createRequire } from "node:module";

// By require, because importing it loads fetch and HTTP/2 as well.
const { createServer } = createRequire(import.meta.url)("node:http");

const server = createServer((_request, response) => response.end());
server.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }));
process.on("SIGTERM", () => process.exit());
