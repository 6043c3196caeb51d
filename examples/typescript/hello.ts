// Who is there, and one question to one of them:
//   node examples/typescript/hello.ts [peer] [question]
import { createClient, SendAndStreamError } from "parley-sdk";

const [to = "echo", question = "hello"] = process.argv.slice(2);
await using client = createClient();

const { peers } = await client.peers();
console.log(`peers: ${peers.map((peer) => `${peer.name} (${peer.presence.state})`).join(", ") || "none"}`);

try {
  const command = { kind: "peer_request", to, intent: "ask", params: { body: question } } as const;
  const { receipt, stream } = await client.sendAndStream(command);
  console.log(`accepted: ${receipt.kind}`);
  for await (const { event } of stream) {
    if (event.kind === "text_delta") process.stdout.write(event.delta);
    else if (event.kind === "interaction_complete") console.log("\nresult:", JSON.stringify(event.result));
    else if (event.kind === "interaction_failed") {
      console.error(`\nfailed: ${event.reason.message}`);
      process.exitCode = 1;
    }
  }
} catch (error) {
  if (!(error instanceof SendAndStreamError)) throw error;
  console.error(`${error.stage}: ${error.message} [${error.code}]`);
  process.exitCode = 1;
}
