import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../../../src/config/load-config.js";
import { resolvePaths } from "../../../src/config/paths.js";
import { createDaemon } from "../../../src/daemon.js";
import { silentLogger } from "../../../src/kernel/logger.js";
import { localCall } from "../../support/daemon.js";
import { placesIn } from "../../support/places.js";
import { fixtureFeatures } from "./fixture.js";

/** A daemon under test and a token for it. */
export interface DaemonUnderTest extends AsyncDisposable {
  readonly address: string;
  readonly token: string;
}

/** The whole daemon in this process, with the profile `mcp-conformance`: only what MCP clients are offered differs. */
export async function startFixtureDaemon(): Promise<DaemonUnderTest> {
  const folder = mkdtempSync(join(tmpdir(), "parley-mcp-"));
  const path = join(folder, "parley.toml");
  writeFileSync(path, '[server]\nport = 0\n[store]\nengine = "memory"\n');
  const env = placesIn(folder);
  const paths = resolvePaths(env);
  const daemon = await createDaemon({
    config: loadConfig({ path, cwd: folder, env }),
    paths,
    validators: {},
    log: silentLogger,
    mcpFeatures: fixtureFeatures,
  });
  const scopes = ["comms:read", "comms:write"];
  const issued = await localCall(paths.socketPath, "POST", "/tokens", { name: "suite", scopes });
  return {
    address: daemon.address,
    token: (issued.body as { secret: string }).secret,
    async [Symbol.asyncDispose]() {
      daemon.stop();
      await daemon.ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
