import type { Command } from "commander";
import type { SessionsOpenRequest } from "../generated/types.js";
import { UsageError } from "./arguments.js";

type InboundPolicy = NonNullable<SessionsOpenRequest["inbound_policy"]>;

const kinds = ["peer_message", "peer_request", "peer_response"] as const;

/** Adds the flags that `inboundPolicyOf` reads. */
export function addPolicyOptions(command: Command): Command {
  return command
    .option("--hold <kinds>", `keep these back until you release them: ${kinds.join(", ")}`)
    .option("--refuse <kinds>", "let nobody send these, separated by commas");
}

/** What the agent does with what peers send it; undefined when the command line does not say, and what was said stays. */
export function inboundPolicyOf(command: Command): { inboundPolicy?: InboundPolicy } {
  const { hold, refuse } = command.opts<{ hold?: string; refuse?: string }>();
  if (hold === undefined && refuse === undefined) return {};
  return {
    inboundPolicy: { ...actionFor(hold, "--hold", "hold"), ...actionFor(refuse, "--refuse", "refuse") },
  };
}

function actionFor(list: string | undefined, flag: string, action: "hold" | "refuse"): InboundPolicy {
  const policy: InboundPolicy = {};
  for (const word of (list ?? "").split(",").map((text) => text.trim())) {
    if (word === "") continue;
    const kind = kinds.find((name) => name === word);
    if (kind === undefined) throw new UsageError(`${flag} takes ${kinds.join(", ")}; not ${word}`);
    policy[kind] = action;
  }
  return policy;
}
