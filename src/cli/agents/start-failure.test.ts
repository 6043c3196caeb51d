import { expect, test } from "vitest";
import { ProcessGroup } from "./process-group.js";
import { StartFailure } from "./start-failure.js";

test.each([
  ["ENOENT", false],
  ["EACCES", false],
  ["EMFILE", true],
  ["EAGAIN", true],
])("[cli.exec-start] %s names what to do, and is worth another try: %s", (code, retryable) => {
  const failure = new StartFailure("tool", Object.assign(new Error("spawn tool"), { code }));
  expect(failure.message).toMatch(new RegExp(`^Could not start tool: .{10,} \\(${code}\\)\\.$`));
  expect(failure.retryable).toBe(retryable);
});

test("[cli.exec-start] a reason without a text of its own is the system's", () => {
  expect(new StartFailure("tool", new Error("spawn tool EIO")).message).toBe(
    "Could not start tool: spawn tool EIO.",
  );
});

test("[cli.exec-start] arguments that the system takes no more of are refused, not thrown at the process", async () => {
  const line = {
    program: "true",
    args: ["x".repeat(8 * 1024 * 1024)],
    env: process.env,
    marker: "MARK=1",
    input: "",
    endsAll: false,
  };
  const attempt = async (): Promise<void> => {
    const ignore = (): void => undefined;
    await new ProcessGroup(line, ignore, ignore).exited;
  };
  await expect(attempt()).rejects.toThrow(/^Could not start true: .*E2BIG/);
});
