import type { CliBinding, McpBinding, Operation, RestBinding } from "./contract.js";

type Report = (rule: string) => void;

/** Compares what an operation is on its surfaces; shapes are compared elsewhere. */
export function compareBindings(before: Operation, after: Operation, report: Report): void {
  if (before.kind !== after.kind) report("operation-kind-changed");
  if (before.body !== after.body) report("operation-body-changed");
  if (after.errors.some((code) => !before.errors.includes(code))) report("operation-error-added");
  if (before.errors.some((code) => !after.errors.includes(code))) report("operation-error-removed");
  if (before.validationError !== after.validationError) report("validation-error-changed");
  if (before.scope !== after.scope) report(after.scope === null ? "scope-dropped" : "scope-changed");
  if (before.timeout !== after.timeout) report("timeout-class-changed");
  if (before.audit !== after.audit) report("audit-changed");
  if (before.deprecated !== after.deprecated) report("deprecation-changed");
  if (before.stability !== after.stability)
    report(after.stability === "stable" ? "stability-raised" : "stability-lowered");
  if (streamChanged(before.stream, after.stream)) report("stream-changed");
  compareIdempotency(before, after, report);
  if (both("rest", before.rest, after.rest, report)) compareRest(before.rest!, after.rest!, report);
  if (both("rpc-method", before.rpc, after.rpc, report) && before.rpc !== after.rpc)
    report("rpc-method-renamed");
  if (both("mcp-tool", before.mcp, after.mcp, report)) compareMcp(before.mcp!, after.mcp!, report);
  if (both("cli-command", before.cli, after.cli, report)) compareCli(before.cli!, after.cli!, report);
}

function both(surface: string, before: unknown, after: unknown, report: Report): boolean {
  if (before !== null && after === null) report(`${surface}-removed`);
  if (before === null && after !== null) report(`${surface}-added`);
  return before !== null && after !== null;
}

const strength = { none: 0, keyed: 1, natural: 2 };

function compareIdempotency(before: Operation, after: Operation, report: Report): void {
  const step = strength[after.idempotency] - strength[before.idempotency];
  if (step < 0) report("idempotency-weakened");
  if (step > 0) report("idempotency-strengthened");
  if (step === 0 && before.idempotencyPath?.join(".") !== after.idempotencyPath?.join("."))
    report("idempotency-key-moved");
}

function compareRest(before: RestBinding, after: RestBinding, report: Report): void {
  if (before.method !== after.method) report("rest-method-changed");
  if (anonymous(before.path) !== anonymous(after.path)) report("rest-path-changed");
  if (before.status !== after.status) report("rest-status-changed");
  if (before.idempotencyHeader && !after.idempotencyHeader) report("rest-idempotency-header-removed");
  if (!before.idempotencyHeader && after.idempotencyHeader) report("rest-idempotency-header-added");
  const now = new Map(after.queryFields.map((field) => [field.name, field]));
  const moved = before.queryFields.some((field) => {
    const kept = now.get(field.name);
    // A field that left the request is reported there; one that left the query for the path or body moved.
    return kept !== undefined && (kept.type !== field.type || kept.path.join(".") !== field.path.join("."));
  });
  if (moved || before.rest !== after.rest || before.pathFields.join() !== after.pathFields.join())
    report("rest-field-moved");
}

/** Names of path fields are the request's; their places are the path's. */
function anonymous(path: string): string {
  return path.replace(/\{\w+\}/g, "{}");
}

function compareMcp(before: McpBinding, after: McpBinding, report: Report): void {
  if (before.tool !== after.tool) report("mcp-tool-renamed");
  if (before.wrap !== after.wrap) report("mcp-wrap-changed");
}

function compareCli(before: CliBinding, after: CliBinding, report: Report): void {
  if (before.command !== after.command) report("cli-command-renamed");
  if (before.args.map(({ field }) => field).join() !== after.args.map(({ field }) => field).join())
    report("cli-arguments-changed");
  const now = new Map(after.flags.map((flag) => [flag.flag, flag]));
  for (const flag of before.flags) {
    const kept = now.get(flag.flag);
    if (!kept) report("cli-flag-removed");
    else if (kept.repeat !== flag.repeat || kept.unit !== flag.unit || kept.field !== flag.field)
      report("cli-flag-form-changed");
  }
  if (after.flags.some((flag) => !before.flags.some((old) => old.flag === flag.flag)))
    report("cli-flag-added");
  if (before.columns.join() !== after.columns.join() || before.rows !== after.rows)
    report("cli-table-changed");
}

/** Facts that the accepted contract does not have yet are not compared: they name what was on the wire before. */
function streamChanged(before: Operation["stream"], after: Operation["stream"]): boolean {
  if (before === null || after === null) return before !== after;
  return Object.keys(before).some((key) => {
    const fact = key as keyof typeof before;
    return JSON.stringify(before[fact]) !== JSON.stringify(after[fact]);
  });
}
