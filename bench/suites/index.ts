import type { Benchmark } from "../benchmark.js";
import { cliStart } from "./cli-start.js";
import { codegen } from "./codegen.js";
import { daemonStart } from "./daemon-start.js";
import { emitLatency } from "./emit-latency.js";
import { fanOut } from "./fan-out.js";
import { idleDaemon } from "./idle-daemon.js";
import { loopStall } from "./loop-stall.js";
import { mcpCall } from "./mcp-call.js";
import { restUnary } from "./rest-unary.js";
import { resume } from "./resume.js";
import { rpcUnary } from "./rpc-unary.js";
import { sdkPy } from "./sdk-py.js";
import { sdkTs } from "./sdk-ts.js";
import { send1 } from "./send-1.js";
import { send64 } from "./send-64.js";
import { sendJetStream } from "./send-jetstream.js";
import { storageAppend } from "./storage-append.js";

const all: readonly Benchmark[] = [
  restUnary,
  rpcUnary,
  mcpCall,
  storageAppend,
  send64,
  send1,
  sendJetStream,
  emitLatency,
  fanOut,
  resume,
  loopStall,
  daemonStart,
  idleDaemon,
  cliStart,
  sdkTs,
  sdkPy,
  codegen,
];

/** Every benchmark by name. */
export const benchmarks: ReadonlyMap<string, Benchmark> = new Map(
  all.map((benchmark) => [benchmark.name, benchmark]),
);
