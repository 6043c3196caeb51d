// Two agents in one process, without a daemon and without a socket; give a file to keep what they say:
//   node examples/typescript/embedded.ts [file]
import { openCore } from "parleyd/core";

const [, , path] = process.argv;
await using core = await openCore(path === undefined ? {} : { path });
const asker = core.as("asker");
const counter = core.as("counter");

async function answerOne(): Promise<void> {
  const [interaction] = await counter.drainInboxInteractions({ max: 1, waitMs: 10_000 });
  if (interaction?.kind !== "peer_request") return;
  const { body } = interaction.params as { body: string };
  const sender = counter.takeInteractionStreamSender(interaction.interaction_id);
  await sender?.settle({ kind: "done", result: body.split(" ").length });
}

await counter.drainInboxInteractions(); // from now on `counter` is there for others
const { peers } = await asker.peers();
console.log(`peers: ${peers.map(({ name }) => name).join(", ")}`);
const command = {
  kind: "peer_request",
  to: "counter",
  intent: "count",
  params: { body: "one two three" },
} as const;
const { receipt, stream } = await asker.sendAndStream(command);
console.log(`accepted: ${receipt.kind}`);
await Promise.all([
  answerOne(),
  (async () => {
    for await (const { event } of stream)
      if (event.kind === "interaction_complete") console.log(`result: ${JSON.stringify(event.result)}`);
  })(),
]);
