import { createRequire } from "node:module";

const http = createRequire(import.meta.url)("node:http") as typeof import("node:http");

/**
 * What the client uses of `node:http`, taken by `require`: importing it evaluates every export, and one of those loads
 * fetch with HTTP/2, which takes longer than the whole start of Node.
 */
export const { Agent, request } = http;
