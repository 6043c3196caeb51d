// An agent that counts words; it works until Ctrl-C, over restarts of the daemon:
//   node examples/typescript/host.ts [name]
import { createClient, type Interaction } from "parley-sdk";

const [name = "counter"] = process.argv.slice(2);
await using client = createClient();
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());

const host = client.host(name, {
  description: "counts words",
  concurrency: 4,
  onError: (error, interaction) => console.error(`${interaction.interaction_id}:`, error),
});
const session = await host.open();
console.log(`${session.name} serves; Ctrl-C stops it`);

await host.serve(
  async (interaction, turn) => {
    const words = textOf(interaction).match(/\S+/g) ?? [];
    for (const [index, word] of words.entries()) await turn.text(`${index + 1} ${word}\n`);
    return { words: words.length };
  },
  { signal: stop.signal },
);

function textOf(interaction: Interaction): string {
  if ("body" in interaction) return interaction.body;
  const content = interaction.kind === "peer_request" ? interaction.params : interaction.result;
  const body = (content as { body?: unknown } | null)?.body;
  return typeof body === "string" ? body : JSON.stringify(content);
}
