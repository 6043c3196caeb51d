// Emits one event after the other on one socket and waits for each on another.
import { once } from "node:events";
import { connect } from "node:net";
import { marker } from "./speaker.js";
import { percentile } from "./stats.js";

interface Order {
  port: number;
  /** Request that opens the stream. */
  subscribe: string;
  /** Request that emits one event. */
  emit: string;
  times: number;
}

process.on("message", (order: Order) => {
  void measure(order).then(
    (sample) => process.send!(sample),
    (error: Error) => process.send!({ failure: error.message }),
  );
});
process.send!("ready");

async function measure({ port, subscribe, emit, times }: Order): Promise<{ p50: number; p99: number }> {
  const reader = connect(port, "127.0.0.1").setNoDelay(true);
  const writer = connect(port, "127.0.0.1").setNoDelay(true);
  await Promise.all([once(reader, "connect"), once(writer, "connect")]);
  try {
    const opened = until(reader, '"snapshot"');
    reader.write(subscribe);
    await opened;
    const latencies: number[] = [];
    for (let done = -100; done < times; done += 1) {
      const seen = until(reader, marker);
      const answered = until(writer, "last_sequence");
      const sentAt = performance.now();
      writer.write(emit);
      const arrived = seen.then(() => performance.now() - sentAt);
      await answered;
      const latency = await arrived;
      if (done >= 0) latencies.push(latency);
    }
    return { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) };
  } finally {
    reader.destroy();
    writer.destroy();
  }
}

function until(socket: ReturnType<typeof connect>, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let got = "";
    const onData = (chunk: Buffer): void => {
      got += chunk.toString("latin1");
      if (!got.includes(text)) return;
      socket.off("data", onData).off("close", onClose);
      resolve();
    };
    const onClose = (): void =>
      reject(new Error(`the connection ended before ${text}: ${got.slice(0, 500)}`));
    socket.on("data", onData).once("close", onClose);
  });
}
