import type { OperationId } from "../../../src/generated/operations.js";
import type { FuzzCase } from "./case.js";

const input = (operation: OperationId, text: string): FuzzCase => ({
  operation,
  text,
  acting: false,
  weak: false,
});
const ask = (params: string): FuzzCase =>
  input("comms.send", `{"kind":"peer_request","to":"{{name}}","intent":"ask","params":${params}}`);

/** Rows of inputs that broke something once; each row starts in furnished worlds. They come first in every run. */
export const keptInputs: Readonly<Record<string, readonly FuzzCase[]>> = {
  "numbers that were changed on the way": [
    ask("9007199254740993"),
    ask('{"a":[1e400]}'),
    ask("-9007199254740993"),
    ask("1e21"),
  ],
  "half characters that were changed on the way": [
    ask('"\\ud800"'),
    ask('{"\\udc00":1}'),
    ask('"\\udc00\\ud800"'),
  ],
  "keys that are no fields": [ask('{"a":{"__proto__":{}}}'), ask('{"constructor":{"prototype":1}}')],
};

/** Requests, as text, that were not answered in the contract's form once. */
export const keptHeads: readonly string[] = [
  "GET /docs/%2F? HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {{token}}\r\n\r\n",
  "GET /docs/..?x=1 HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {{token}}\r\nContent-Length: 2\r\n\r\n{}",
];
