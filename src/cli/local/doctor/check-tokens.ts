import type { Token } from "../../../../sdks/typescript/src/index.js";
import { isReservedName } from "../../../kernel/principal.js";
import { ok, type Result, trouble } from "./finding.js";

/** Reports tokens that an earlier version made under a name of the user's; `tokens` is undefined when unknown. */
export function checkTokens(tokens: readonly Token[] | undefined): Result | Result[] {
  if (tokens === undefined) return ok("not looked at: no daemon that lists them");
  const reserved = tokens.filter(({ name }) => isReservedName(name));
  if (reserved.length === 0) return ok(`${tokens.length} tokens, none with a reserved name`);
  return reserved.map(({ token_id: id, name }) =>
    trouble("token-name-reserved", `token ${id} is named ${name}`, { id }),
  );
}
