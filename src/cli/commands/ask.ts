import { connect } from "node:net";
import type { Command } from "commander";
import { ParleyError } from "../../../sdks/typescript/src/index.js";
import type { AskReply, AskRequest } from "../agents/ask-socket.js";
import { UsageError } from "../arguments.js";
import { globals } from "../client.js";
import { print, printJson } from "../output.js";
import { TimeLimit } from "../time-limit.js";
import { bodyFrom } from "./send.js";

/** Asks the sender of the interaction that the command works on, and prints the answer. */
export async function ask(
  text: string | undefined,
  { timeout }: { timeout?: string },
  command: Command,
): Promise<void> {
  const path = process.env.INTERACTION_ASK;
  if (!path)
    throw new UsageError(
      "parley ask works inside a command of parley agent exec; from code, a host asks with turn.ask",
    );
  const limit = new TimeLimit(timeout);
  const prompt = await limit.within(bodyFrom(text), "nothing was asked");
  const request = exchange(path, { prompt });
  const reply = await limit
    .within(request.reply, "the question stays open; its answer is no longer waited for")
    .finally(request.end);
  if ("error" in reply) throw new ParleyError(reply.error);
  if (globals(command).json) printJson({ answer: reply.answer });
  else print(reply.answer);
}

function exchange(path: string, request: AskRequest): { reply: Promise<AskReply>; end: () => void } {
  const socket = connect(path);
  const reply = new Promise<AskReply>((resolve, reject) => {
    const gone = (): void =>
      reject(
        new ParleyError({
          code: "request_cancelled",
          message: "The host of this command has ended, so no answer can come.",
          retryable: false,
        }),
      );
    let text = "";
    socket.setEncoding("utf8");
    socket.on("data", (piece: string) => {
      text += piece;
    });
    socket.on("end", () => (text === "" ? gone() : resolve(JSON.parse(text) as AskReply)));
    socket.on("error", gone);
    socket.write(`${JSON.stringify(request)}\n`);
  });
  return { reply, end: () => void socket.destroy() };
}
