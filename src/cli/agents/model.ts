import type { Command } from "commander";
import { readSecretFile } from "../arguments.js";
import { streamCompletion } from "./chat-completion.js";
import { bodyOf, serve } from "./serve.js";

export interface ModelFlags {
  name: string;
  model: string;
  modelUrl: string;
  apiKeyFile?: string;
  system?: string;
}

/** Answers each interaction with one streamed chat completion. */
export async function model(flags: ModelFlags, command: Command): Promise<void> {
  const apiKey =
    flags.apiKeyFile === undefined ? undefined : readSecretFile("--api-key-file", flags.apiKeyFile);
  const description = `${flags.model} at ${new URL(flags.modelUrl).host}`;
  await serve(command, flags.name, { description }, async (interaction, turn) => {
    const messages = [
      ...(flags.system === undefined ? [] : [{ role: "system", content: flags.system }]),
      { role: "user", content: bodyOf(interaction) },
    ];
    const completion = streamCompletion({
      url: flags.modelUrl,
      apiKey,
      model: flags.model,
      messages,
      signal: turn.signal,
    });
    let text = "";
    for await (const delta of completion) {
      text += delta;
      await turn.text(delta);
    }
    await turn.reply({ body: text });
  });
}
