import type { Contract, Operation, OutputFile } from "../contract.js";
import { camelCase } from "../names.js";

/** `test/golden/surfaces/*.txt`: each surface as one sorted line per operation, so that a diff shows what moved. */
export function emitSurfaces(contract: Contract): OutputFile[] {
  return Object.entries(surfaceLines(contract)).map(([surface, lines]) => ({
    path: `test/golden/surfaces/${surface}.txt`,
    text: lines.map((line) => `${line}\n`).join(""),
  }));
}

/** The lines of each surface, sorted. */
function surfaceLines(contract: Contract): Record<string, string[]> {
  const each = (line: (operation: Operation) => string | null): string[] =>
    contract.operations
      .map(line)
      .filter((text) => text !== null)
      .sort();
  return {
    rest: each(({ id, rest }) => rest && `${id} ${rest.method} ${rest.path} ${rest.status}`),
    rpc: [
      ...each(({ id, rpc }) => rpc && `${id} ${rpc}`),
      ...contract.events.map((event) => `${event.id} ${event.rpc} (notification)`),
    ].sort(),
    mcp: each(({ id, mcp }) => mcp && `${id} ${mcp.tool}`),
    cli: each(({ id, cli }) => cli && `${id} parley ${cli.command}`),
    ts: each(({ id, plane, verb }) => `${id} client.${plane}.${camelCase(verb)}`),
    py: each(({ id, plane, verb }) => `${id} client.${plane}.${verb}`),
    docs: each(({ id, plane, verb }) => `${id} docs/reference/${plane}/${verb}.md`),
  };
}
