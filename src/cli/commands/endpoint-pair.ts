import type { Command } from "commander";
import type { Parley } from "../../../sdks/typescript/src/index.js";
import { UsageError } from "../arguments.js";
import { withClient } from "../client.js";
import { note, paint, print, printJson } from "../output.js";
import { readJsonFromStdin } from "../stdin.js";

type PairingRequest = Parameters<Parley["endpoints"]["pair"]>[0];

export async function endpointPair(
  url: string | undefined,
  { code, name }: { code?: string; name?: string },
  command: Command,
): Promise<void> {
  await withClient(command, async (client, options) => {
    const request = options.requestFromStdin
      ? ((await readJsonFromStdin("--json -")) as PairingRequest)
      : requestFrom(url, code, name);
    const result = await client.endpoints.pair(request);
    if (options.json) return printJson(result);
    if (result.kind === "paired") print(`paired with ${result.endpoint.name}`);
    if (result.kind !== "offered") return;
    print(result.code);
    const [address = "<this daemon's address>"] = result.urls;
    note(
      paint(
        "dim",
        `Within 5 minutes, on the other machine: parley endpoint pair ${address} --code ${result.code}`,
      ),
    );
  });
}

function requestFrom(
  url: string | undefined,
  code: string | undefined,
  name: string | undefined,
): PairingRequest {
  if (url === undefined && code === undefined && name === undefined) return { kind: "offer" };
  if (url === undefined || code === undefined)
    throw new UsageError(
      "to accept a code say where it was offered: parley endpoint pair <url> --code <code>; without both, this daemon offers one",
    );
  return { kind: "accept", url, code, ...(name === undefined ? {} : { name }) };
}
