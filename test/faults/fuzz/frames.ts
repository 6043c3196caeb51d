import { closeCode, frame, openSocket } from "../abuse/frames.js";
import type { Seeded } from "../kit/seeded.js";
import { messages } from "./messages.js";

/** Closing codes that blame the client, and those of its own that are said back to it; 1011 would blame the daemon. */
const isInnocent = (code: number | undefined): boolean =>
  code === undefined || (code >= 1000 && code <= 1009) || (code >= 3000 && code <= 4999);

/** WebSockets that send frames of every kind, right and wrong; each must come to an end that is not the daemon's fault. */
export async function fuzzFrames(
  port: number,
  token: string,
  random: Seeded,
  count: number,
): Promise<string[]> {
  const broken: string[] = [];
  const row = messages(random);
  for (let n = 0; n < count; n += 1) {
    using client = await openSocket(port, token);
    const bytes = Buffer.concat(
      Array.from({ length: random.between(1, 6) }, () => {
        const opcode = random.pick([1, 1, 1, 0, 2, 8, 9, 10, random.between(0, 15)]);
        const payload = random.chance(0.7) ? row.next().value : Buffer.from([random.between(0, 255), 0xff]);
        return frame(opcode, payload, {
          fin: random.chance(0.85),
          masked: random.chance(0.97),
          reserved: random.chance(0.95) ? 0 : random.between(1, 7),
          ...(random.chance(0.05) ? { claimed: BigInt(random.between(0, 70_000)) } : {}),
        });
      }),
    );
    client.write(bytes);
    client.write(frame(8, Buffer.from([0x03, 0xe8])));
    // Where a frame claimed more than there was, only this tells that no more comes.
    client.socket.end();
    const { closed } = await client.replies(Number.POSITIVE_INFINITY);
    const code = closeCode(client.received);
    const what = !closed ? "no end" : isInnocent(code) ? undefined : `closed with ${code}`;
    const internal = client.received.includes('"code":"internal"') ? "an internal error" : undefined;
    const flaw = what ?? internal;
    if (flaw !== undefined) broken.push(`frames ${n}: ${flaw}; ${bytes.toString("base64").slice(0, 2_000)}`);
  }
  return broken;
}
