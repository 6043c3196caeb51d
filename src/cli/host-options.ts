import type { Command } from "commander";
import type { SessionsOpenRequest } from "../generated/types.js";
import { UsageError } from "./arguments.js";

type InboundPolicy = NonNullable<SessionsOpenRequest["inbound_policy"]>;

const kinds = ["peer_message", "peer_request", "peer_response"] as const;

/** Adds the flags that every host has and `hostOptionsOf` reads. */
export function addHostOptions(command: Command): Command {
  return command
    .option("--hold <kinds>", `keep these back until you release them: ${kinds.join(", ")}`)
    .option("--refuse <kinds>", "let nobody send these, separated by commas")
    .option("--ephemeral", "close the session when this host leaves, also when it is killed");
}

export interface SharedHostOptions {
  /** What the agent does with what peers send it; undefined when the command line does not say, and what was said stays. */
  inboundPolicy?: InboundPolicy;
  ephemeral?: true;
}

export function hostOptionsOf(command: Command): SharedHostOptions {
  const { hold, refuse, ephemeral } = command.opts<{ hold?: string; refuse?: string; ephemeral?: true }>();
  const options: SharedHostOptions = ephemeral ? { ephemeral } : {};
  if (hold !== undefined || refuse !== undefined)
    options.inboundPolicy = {
      ...actionFor(hold, "--hold", "hold"),
      ...actionFor(refuse, "--refuse", "refuse"),
    };
  return options;
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
