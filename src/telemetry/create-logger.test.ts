import { expect, test } from "vitest";
import { createLogger } from "./create-logger.js";

function capture() {
  const lines: string[] = [];
  return { lines, destination: { write: (line: string) => void lines.push(line) } };
}

test("[telemetry.logs] one JSON object per line, from the level on", () => {
  const { lines, destination } = capture();
  const log = createLogger({ level: "info", destination });
  log.debug({}, "unseen");
  log.warn({ request_id: "r1", err: new Error("boom") }, "A thing happened.");
  expect(lines).toHaveLength(1);
  const line = JSON.parse(lines[0]!);
  expect(line).toMatchObject({
    level: "warn",
    msg: "A thing happened.",
    request_id: "r1",
    err: { message: "boom" },
  });
  expect(line.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect(Object.keys(line)).not.toContain("hostname");
});

test("[telemetry.secrets] secrets do not reach a line, wherever they lie", () => {
  const { lines, destination } = capture();
  const log = createLogger({ level: "info", destination });
  const hidden = "s3cr3t-value";
  log.info({ authorization: hidden, cookie: hidden, ticket: hidden, token: hidden }, "top");
  log.info({ headers: { authorization: hidden, cookie: hidden, "set-cookie": hidden } }, "one down");
  log.info(
    { request: { headers: { authorization: hidden }, body: { lease_token: hidden, secret: hidden } } },
    "two",
  );
  expect(lines).toHaveLength(3);
  expect(lines.join("")).not.toContain(hidden);
});

test("[telemetry.logs] people get text", () => {
  const { lines, destination } = capture();
  createLogger({ level: "info", destination, readable: true }).error(
    { port: 7433, err: new Error("boom") },
    "Failed.",
  );
  expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} .*error.* Failed\. port=7433\nError: boom\n/);
});

test("[cli.terminal] the daemon's text for people obeys nothing of what clients wrote", () => {
  const { lines, destination } = capture();
  const hostile = "a\u001b[2J\r\nb\u202e\u009b1";
  createLogger({ level: "info", destination, readable: true }).warn(
    { session: hostile, nested: { [hostile]: hostile }, err: new Error(hostile) },
    hostile,
  );
  const shown = "a\\u001b[2J\\r\\nb\\u202e\\u009b1";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the level's colour begins with one
  const text = lines[0]!.replace(/\u001b\[(33|0)m/g, "");
  expect(text).toContain(`session=${shown}`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/);
});
