import { type OperationId, operations } from "../../../src/generated/operations.js";
import { requestSchemas } from "../../../src/generated/schemas.js";
import type { Seeded } from "../kit/seeded.js";
import type { FuzzCase } from "./case.js";
import { RequestGenerator, type Schema } from "./generate.js";
import { mutated, mutatedText } from "./mutate.js";

/** Milliseconds. */
const longestWait = 3;
const longestLease = 86_400_000;

const ids = Object.keys(operations) as OperationId[];
/** What three surfaces share, and what has the most to say, comes more often. */
const weighted = [
  ...ids,
  ...ids.filter((id) => operations[id].plane !== "system"),
  ...(["comms.send", "comms.send", "comms.send", "comms.peers"] as const),
];

/** An endless row of inputs: a third as the contract wants them, the others with something changed. */
export function* cases(random: Seeded): Generator<FuzzCase, never, void> {
  const generator = new RequestGenerator(random);
  for (;;) {
    const operation = random.pick(weighted);
    const valid = generator.valid(requestSchemas[operation] as Schema);
    const way = random.between(0, 8);
    const value = way < 3 ? valid : mutated(valid, random);
    const json = JSON.stringify(comparable(operation, value)) ?? "null";
    yield {
      operation,
      text: way === 8 ? mutatedText(json, random) : json,
      acting: random.chance(0.3),
      // Whoever may stop the daemon would.
      weak: operation === "system.stop" || random.chance(0.05),
    };
  }
}

/**
 * Takes out what would make surfaces differ by time or by each other's doing: long waits are cut, no lease ends while
 * its world is used, as those of a WebSocket would not, and no world takes a name that another may want.
 */
function comparable(operation: OperationId, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const { wait_ms: wait, ttl_ms: ttl, name } = value as Record<string, unknown>;
  const changes: Record<string, unknown> = {};
  if (isWithin(wait, longestWait, 60_000)) changes.wait_ms = longestWait;
  if (operation === "sessions.open") {
    if (ttl === undefined || isWithin(ttl, 0, longestLease)) changes.ttl_ms = longestLease;
    if (typeof name === "string" && /^[a-z0-9-]+$/.test(name)) changes.name = `{{letter}}${name}`;
  }
  return { ...value, ...changes };
}

function isWithin(value: unknown, low: number, high: number): boolean {
  return Number.isInteger(value) && (value as number) >= low && (value as number) <= high;
}
