/** What a part of the contract is for: clients write requests and config, they read responses and events. */
export type Role = "request" | "config" | "response" | "event" | "operation" | "error" | "document";

/** WIRE: running programs notice. SOURCE: programs that are built again notice. DOCS: only readers notice. */
export type Category = "WIRE" | "SOURCE" | "DOCS";

/** One kind of change and whether an older client survives it. */
export interface BreakingRule {
  id: string;
  role: Role;
  direction: "added" | "removed" | "changed" | "narrowed" | "widened";
  category: Category;
  breaking: boolean;
  /** What happened and, where it breaks, what to do instead. */
  sentence: string;
}

type Row = [
  name: string,
  direction: BreakingRule["direction"],
  category: Category,
  breaking: boolean,
  sentence: string,
];

/** What clients write: the daemon may take more than before, never less. */
const written: Row[] = [
  ["type-changed", "changed", "WIRE", true, "The JSON type changed; add a new field instead."],
  [
    "field-removed",
    "removed",
    "WIRE",
    true,
    "A field was removed, and objects are closed; keep it and deprecate it.",
  ],
  ["optional-added", "added", "WIRE", false, "An optional field was added."],
  ["required-added", "added", "WIRE", true, "A required field was added; make it optional with a default."],
  ["became-required", "narrowed", "WIRE", true, "An optional field became required; keep it optional."],
  ["became-optional", "widened", "WIRE", false, "A required field became optional."],
  ["default-changed", "changed", "WIRE", true, "A default changed or went; keep what older callers rely on."],
  ["default-added", "added", "WIRE", false, "An optional field got a default."],
  ["variant-removed", "removed", "WIRE", true, "A variant was removed; keep it."],
  ["variant-added", "added", "WIRE", false, "A variant was added."],
  ["enum-value-removed", "removed", "WIRE", true, "A value was removed; keep it."],
  ["enum-value-added", "added", "WIRE", false, "A value was added."],
  [
    "value-refused",
    "narrowed",
    "WIRE",
    true,
    "The text that replaced a set refuses one of its values; widen its bounds or its pattern.",
  ],
  ["bound-tightened", "narrowed", "WIRE", true, "A bound was tightened; values that worked are refused."],
  ["bound-loosened", "widened", "WIRE", false, "A bound was loosened."],
  [
    "pattern-changed",
    "narrowed",
    "WIRE",
    true,
    "A pattern was added or changed; values that worked may be refused.",
  ],
  ["pattern-removed", "widened", "WIRE", false, "A pattern was removed."],
  [
    "surface-value-changed",
    "changed",
    "WIRE",
    true,
    "A surface takes another value than before and refuses the old one; keep it.",
  ],
];

/** What clients read: the daemon may promise more than before, and say new things only where readers are open. */
const read: Row[] = [
  ["type-changed", "changed", "WIRE", true, "The JSON type changed; add a new field instead."],
  ["field-removed", "removed", "WIRE", true, "A field was removed; keep sending it."],
  ["field-added", "added", "WIRE", false, "A field was added to an open object."],
  [
    "field-added-to-closed",
    "added",
    "WIRE",
    true,
    "A field was added to a closed object; only `x-open` objects grow.",
  ],
  [
    "became-optional",
    "widened",
    "WIRE",
    true,
    "A field that was always there became optional; keep sending it.",
  ],
  ["became-required", "narrowed", "WIRE", false, "An optional field is always there now."],
  [
    "open-variant-added",
    "added",
    "WIRE",
    false,
    "A variant was added to an open union; older readers see `$unknown`.",
  ],
  [
    "variant-added-to-closed",
    "added",
    "WIRE",
    true,
    "A variant was added to a closed union; only `x-open` unions grow.",
  ],
  ["variant-removed", "removed", "SOURCE", true, "A variant was removed; keep its type."],
  ["open-enum-value-added", "added", "WIRE", false, "A value was added to an open enum."],
  [
    "enum-value-added-to-closed",
    "added",
    "WIRE",
    true,
    "A value was added to a closed enum; only `x-open` enums grow.",
  ],
  ["enum-value-removed", "removed", "SOURCE", true, "A value was removed; keep it."],
  [
    "value-refused",
    "changed",
    "WIRE",
    true,
    "Older readers refuse a value by the bounds or the pattern that they know; choose another one.",
  ],
  [
    "bound-loosened",
    "widened",
    "WIRE",
    true,
    "A bound was loosened; older readers that check it refuse the value.",
  ],
  ["bound-tightened", "narrowed", "WIRE", false, "A bound was tightened."],
  [
    "pattern-changed",
    "widened",
    "WIRE",
    true,
    "A pattern was changed or removed; older readers that check it refuse the value.",
  ],
  ["pattern-added", "narrowed", "WIRE", false, "A pattern was added."],
  ["openness-changed", "changed", "SOURCE", true, "`x-open` came or went; readers' types change with it."],
];

const operation: Row[] = [
  ["operation-removed", "removed", "WIRE", true, "The operation was removed; deprecate it first."],
  ["operation-added", "added", "WIRE", false, "An operation was added."],
  ["root-method-removed", "removed", "SOURCE", true, "A method left the client's root; keep it there."],
  ["root-method-added", "added", "SOURCE", false, "A method came to the client's root."],
  ["wire-changed", "changed", "WIRE", false, "SDKs call the plane over another transport; both are served."],
  [
    "operation-kind-changed",
    "changed",
    "WIRE",
    true,
    "Unary and stream are different calls; add a new operation.",
  ],
  [
    "operation-body-changed",
    "changed",
    "WIRE",
    true,
    "JSON and bytes are different bodies; add a new operation.",
  ],
  ["operation-error-added", "added", "WIRE", false, "The operation can give one more error."],
  ["operation-error-removed", "removed", "WIRE", false, "The operation no longer gives an error."],
  [
    "validation-error-changed",
    "changed",
    "WIRE",
    true,
    "Refused requests carry another code; callers match on it.",
  ],
  ["rest-removed", "removed", "WIRE", true, "The REST route was removed; keep it."],
  ["rest-added", "added", "WIRE", false, "A REST route was added."],
  ["rest-method-changed", "changed", "WIRE", true, "The HTTP method changed; keep it."],
  ["rest-path-changed", "changed", "WIRE", true, "The path changed; keep it."],
  ["rest-status-changed", "changed", "WIRE", true, "The success status changed; keep it."],
  [
    "rest-field-moved",
    "changed",
    "WIRE",
    true,
    "A field moved between path, query and body, or its query form changed.",
  ],
  [
    "rest-idempotency-header-removed",
    "removed",
    "WIRE",
    true,
    "`Idempotency-Key` is no longer read; keep it.",
  ],
  ["rest-idempotency-header-added", "added", "WIRE", false, "`Idempotency-Key` is read."],
  ["rpc-method-removed", "removed", "WIRE", true, "The RPC method was removed; keep it."],
  ["rpc-method-added", "added", "WIRE", false, "An RPC method was added."],
  [
    "rpc-method-renamed",
    "changed",
    "WIRE",
    true,
    "The RPC method was renamed; there are no aliases, so keep the name.",
  ],
  ["mcp-tool-removed", "removed", "WIRE", true, "The MCP tool was removed; keep it."],
  ["mcp-tool-added", "added", "WIRE", false, "An MCP tool was added."],
  ["mcp-tool-renamed", "changed", "WIRE", true, "The MCP tool was renamed; keep the name."],
  [
    "mcp-wrap-changed",
    "changed",
    "WIRE",
    true,
    "The tool's arguments are wrapped differently; keep the form.",
  ],
  ["cli-command-removed", "removed", "SOURCE", true, "The command was removed; scripts call it."],
  ["cli-command-added", "added", "SOURCE", false, "A command was added."],
  ["cli-command-renamed", "changed", "SOURCE", true, "The command was renamed; scripts call it."],
  [
    "cli-arguments-changed",
    "changed",
    "SOURCE",
    true,
    "The positional arguments changed; scripts pass them by place.",
  ],
  ["cli-flag-removed", "removed", "SOURCE", true, "A flag was removed or renamed; scripts pass it."],
  ["cli-flag-added", "added", "SOURCE", false, "A flag was added."],
  [
    "cli-flag-form-changed",
    "changed",
    "SOURCE",
    true,
    "A flag takes another form (repeated, duration); scripts pass the old one.",
  ],
  [
    "cli-table-changed",
    "changed",
    "DOCS",
    false,
    "The table for people changed; `--json` is the stable form.",
  ],
  ["scope-changed", "changed", "WIRE", true, "Another scope is needed; tokens that worked are refused."],
  ["scope-dropped", "widened", "WIRE", false, "The scope is no longer needed."],
  ["idempotency-weakened", "narrowed", "WIRE", true, "Older clients retry what is no longer safe to repeat."],
  ["idempotency-strengthened", "widened", "WIRE", false, "A repeat became safe."],
  [
    "idempotency-key-moved",
    "changed",
    "WIRE",
    true,
    "The idempotency key lies elsewhere; older keys are not seen.",
  ],
  ["timeout-class-changed", "changed", "SOURCE", false, "The default timeout of clients changed."],
  [
    "stream-changed",
    "changed",
    "WIRE",
    true,
    "The stream's events, close call or cursor changed; add a new stream.",
  ],
  [
    "stability-lowered",
    "changed",
    "SOURCE",
    true,
    "Stable became experimental; what was promised stays promised.",
  ],
  ["stability-raised", "changed", "DOCS", false, "Experimental became stable."],
  ["deprecation-changed", "changed", "DOCS", false, "A deprecation notice came, went or changed."],
  ["audit-changed", "changed", "DOCS", false, "Calls are recorded in the audit log, or no longer."],
  ["event-removed", "removed", "WIRE", true, "The event was removed; keep sending it."],
  ["event-added", "added", "WIRE", false, "An event was added."],
  ["event-method-renamed", "changed", "WIRE", true, "The notification was renamed; keep the name."],
  ["message-removed", "removed", "WIRE", true, "The message was removed; older daemons send it."],
  ["message-added", "added", "WIRE", false, "A message was added."],
  ["message-direction-changed", "changed", "WIRE", true, "The message goes another way; add a new message."],
  [
    "message-ack-changed",
    "changed",
    "WIRE",
    true,
    "The message is acknowledged differently; add a new message.",
  ],
  ["raw-route-removed", "removed", "WIRE", true, "The byte route was removed; keep it."],
  ["raw-route-added", "added", "WIRE", false, "A byte route was added."],
  ["raw-path-changed", "changed", "WIRE", true, "The byte route's path changed or lost a prefix; keep it."],
  ["raw-method-removed", "removed", "WIRE", true, "The byte route lost an HTTP method; keep it."],
  ["raw-upgrade-removed", "removed", "WIRE", true, "The byte route takes no upgrade any more; keep it."],
  [
    "raw-request-type-removed",
    "narrowed",
    "WIRE",
    true,
    "The byte route refuses a media type that it took; keep it.",
  ],
  ["raw-limit-lowered", "narrowed", "WIRE", true, "The byte route takes shorter bodies; keep the limit."],
  ["raw-route-widened", "widened", "WIRE", false, "The byte route takes more methods, prefixes or callers."],
  [
    "raw-access-tightened",
    "narrowed",
    "WIRE",
    true,
    "The byte route needs other credentials or an Origin; callers are refused.",
  ],
];

const error: Row[] = [
  ["error-code-removed", "removed", "WIRE", true, "The code was removed; SDKs have a class for it."],
  ["error-code-added", "added", "WIRE", false, "A code was added; older clients see their base error."],
  ["error-http-changed", "changed", "WIRE", true, "The HTTP status changed; callers match on it."],
  ["error-number-changed", "changed", "WIRE", true, "The JSON-RPC number changed; callers match on it."],
  ["error-exit-changed", "changed", "SOURCE", true, "The exit code changed; scripts match on it."],
  ["error-retryable-changed", "changed", "WIRE", true, "Retryability changed; older clients retry wrongly."],
  [
    "error-category-changed",
    "changed",
    "SOURCE",
    true,
    "The category changed; SDK classes change their base.",
  ],
  ["error-side-changed", "changed", "SOURCE", true, "The code moved between daemon and clients."],
];

const document: Row[] = [
  ["type-removed", "removed", "SOURCE", true, "A named type was removed or renamed; SDKs export it."],
  ["type-added", "added", "SOURCE", false, "A named type was added."],
  ["text-changed", "changed", "DOCS", false, "A summary, description, text, format or example changed."],
];

function rows(role: Role, prefix: string, table: Row[]): BreakingRule[] {
  return table.map(([name, direction, category, breaking, sentence]) => ({
    id: prefix + name,
    role,
    direction,
    category,
    breaking,
    sentence,
  }));
}

/** Every rule, by id. */
export const breakingRules: ReadonlyMap<string, BreakingRule> = new Map(
  [
    ...rows("request", "request-", written),
    ...rows("config", "config-", written),
    ...rows("response", "response-", read),
    ...rows("event", "event-", read),
    ...rows("operation", "", operation),
    ...rows("error", "", error),
    ...rows("document", "", document),
  ].map((rule) => [rule.id, rule]),
);
