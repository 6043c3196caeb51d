import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Benchmark, Result } from "../benchmark.js";
import { ratio } from "../kit/compare.js";
import { openSession, startDaemon } from "../kit/daemon.js";
import { interleave } from "../kit/interleave.js";
import { onSide, root } from "../kit/process.js";
import { median } from "../kit/stats.js";

interface Sample {
  micros: number;
  cpuMicros: number;
}

const calls = 1_500;
const imports = 7;

/** The Python client's own cost of a typed call, against http.client with JSON; and what importing it costs. */
export const sdkPy: Benchmark = {
  name: "sdk-py",
  summary:
    "Python SDK, one call after the other, CPU of the client against http.client; import against pydantic's",
  async run({ rounds }): Promise<Result[]> {
    const python = join(root, "sdks/python/.venv/bin/python");
    if (!existsSync(python)) {
      const reason = "sdks/python/.venv is missing: `npm test` makes it";
      return ["sdk-py.call", "sdk-py.import"].map((check) => ({ check, reason }));
    }
    await using daemon = await startDaemon({ engine: "memory" });
    const { leaseToken } = await openSession(daemon, "idle");
    const port = String(daemon.port);
    const env = { ...daemon.env, PYTHONPATH: join(root, "sdks/python/src") };
    const client = (script: string, ...args: string[]) => {
      return () => lastLine<Sample>(python, [join(root, "bench", script), port, daemon.token, ...args], env);
    };
    const body = JSON.stringify({ lease_token: leaseToken, max: 1 });
    const samples = await interleave<"sdk" | "floor", Sample>(rounds, {
      sdk: client("kit/sdk_py_child.py", leaseToken, String(calls)),
      floor: client("yardsticks/http_client.py", "/sessions/idle/drain", body, String(calls)),
    });
    const importing = (name: string) => async (): Promise<number> => {
      const program = `import time; a = time.perf_counter(); import ${name}; print((time.perf_counter() - a) * 1e3)`;
      const times: number[] = [];
      for (let run = 0; run < imports; run += 1)
        times.push(await lastLine<number>(python, ["-c", program], env));
      return median(times);
    };
    const imported = await interleave<"parley" | "pydantic", number>(rounds, {
      parley: importing("parley"),
      pydantic: importing("pydantic; pydantic.BaseModel"),
    });
    return [
      ratio("sdk-py.call", samples.sdk, samples.floor, ({ cpuMicros }) => cpuMicros, "us"),
      ratio("Python SDK sync call: time", samples.sdk, samples.floor, ({ micros }) => micros, "us"),
      ratio("sdk-py.import", imported.parley, imported.pydantic, (milliseconds) => milliseconds, "ms"),
    ];
  },
};

/** What a Python program prints, as JSON. */
function lastLine<Answer>(python: string, args: string[], env: NodeJS.ProcessEnv): Promise<Answer> {
  const [command, all] = onSide("load", python, args);
  return new Promise((resolve, reject) => {
    const child = spawn(command, all, { env, stdio: ["ignore", "pipe", "pipe"] });
    let [out, errors] = ["", ""];
    child.stdout.on("data", (data) => (out += data));
    child.stderr.on("data", (data) => (errors += data));
    child.once("error", reject);
    child.once("close", (code) =>
      code === 0 ? resolve(JSON.parse(out)) : reject(new Error(`python ended with ${code}: ${errors}`)),
    );
  });
}
