import type { Command } from "commander";
import { bodyOf, serve } from "./serve.js";

/** Answers with what it was sent, word by word, so that a reader sees a stream. */
export async function echo(options: { name: string }, command: Command): Promise<void> {
  await serve(
    command,
    options.name,
    { description: "answers with what it was sent" },
    async (interaction, turn, signal) => {
      const text = bodyOf(interaction);
      for (const piece of text.match(/\S+\s*|\s+/g) ?? []) {
        signal.throwIfAborted();
        await turn.text(piece);
      }
      await turn.reply({ body: text });
    },
  );
}
