/** One red pixel. */
export const png =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC";

/** A sound of no length. */
export const wav = wavOf(new Uint8Array());

/** Samples of 8 bits as a WAV file in base64. */
function wavOf(samples: Uint8Array): string {
  const head = Buffer.alloc(44);
  head.write("RIFF", 0, "ascii");
  head.writeUInt32LE(36 + samples.length, 4);
  head.write("WAVEfmt ", 8, "ascii");
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(8_000, 24);
  head.writeUInt32LE(8_000, 28);
  head.writeUInt16LE(1, 32);
  head.writeUInt16LE(8, 34);
  head.write("data", 36, "ascii");
  head.writeUInt32LE(samples.length, 40);
  return Buffer.concat([head, samples]).toString("base64");
}

export const textBlock = (text: string) => ({ type: "text", text });
export const imageBlock = { type: "image", data: png, mimeType: "image/png" };
export const audioBlock = { type: "audio", data: wav, mimeType: "audio/wav" };

export function resourceBlock(uri: string, text: string, mimeType = "text/plain") {
  return { type: "resource", resource: { uri, mimeType, text } };
}
