import { compareBindings } from "./breaking-bindings.js";
import { type BreakingRule, breakingRules } from "./breaking-rules.js";
import { ShapeComparison, type ShapeRole } from "./breaking-shapes.js";
import type { Contract, ErrorDef, EventDef, MessageDef, RawRoute, Shape, TypeDef } from "./contract.js";
import { typeMap } from "./lower.js";

/** One difference between two contracts. */
export interface ContractChange {
  rule: BreakingRule;
  /** Operation, type and field, for example `InputCommand.body`. */
  where: string;
}

/** Everything that differs between two contracts, each named by a rule; sorted, without repeats. */
export function compareContracts(before: Contract, after: Contract): ContractChange[] {
  const changes = new Map<string, ContractChange>();
  const report = (id: string, where: string): void => {
    const rule = breakingRules.get(id);
    if (!rule) throw new Error(`no breaking rule is called ${id}`);
    changes.set(`${id} ${where}`, { rule, where });
  };
  compareTypes(before, after, report);
  const pairs = matched(before.operations, after.operations, (operation) => operation.id, {
    removed: (operation) => report("operation-removed", operation.id),
    added: (operation) => report("operation-added", operation.id),
  });
  for (const [old, now] of pairs) compareBindings(old, now, (id) => report(id, now.id));
  comparePlanes(before, after, report);
  compareShapes(before, after, report);
  compareEvents(before, after, report);
  compareRaw(before, after, report);
  compareErrors(before.errors, after.errors, report);
  return [...changes.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, change]) => change);
}

/** Compares two shapes in one role, for example two versions of the config file. */
export function compareRole(
  role: ShapeRole,
  before: { shape: Shape; types: ReadonlyMap<string, TypeDef> },
  after: { shape: Shape; types: ReadonlyMap<string, TypeDef> },
): ContractChange[] {
  const changes: ContractChange[] = [];
  const comparison = new ShapeComparison(role, before.types, after.types, (name, where) => {
    const rule = breakingRules.get(`${role}-${name}`);
    if (!rule) throw new Error(`no breaking rule is called ${role}-${name}`);
    changes.push({ rule, where });
  });
  comparison.compare(before.shape, after.shape, role);
  return changes;
}

/** The changes that break older clients, as sentences. */
export function breakingSentences(changes: ContractChange[]): string[] {
  return changes
    .filter((change) => change.rule.breaking)
    .map(({ rule, where }) => `${rule.id} (${rule.category}) at ${where}: ${rule.sentence}`);
}

type Report = (rule: string, where: string) => void;

function matched<T>(
  before: T[],
  after: T[],
  key: (item: T) => string,
  on: { removed: (item: T) => void; added: (item: T) => void },
): [T, T][] {
  const now = new Map(after.map((item) => [key(item), item]));
  const old = new Set(before.map(key));
  for (const item of after) if (!old.has(key(item))) on.added(item);
  return before.flatMap((item): [T, T][] => {
    const kept = now.get(key(item));
    if (kept) return [[item, kept]];
    on.removed(item);
    return [];
  });
}

/** Planes of baselines from before they had files are plain names. */
function comparePlanes(before: Contract, after: Contract, report: Report): void {
  const pairs = matched(before.planes, after.planes, (plane) => plane.name, {
    removed: () => {},
    added: () => {},
  });
  for (const [old, now] of pairs) {
    for (const verb of old.root)
      if (!now.root.includes(verb)) report("root-method-removed", `${now.name}.${verb}`);
    for (const verb of now.root)
      if (!old.root.includes(verb)) report("root-method-added", `${now.name}.${verb}`);
    if (old.wire !== now.wire) report("wire-changed", now.name);
  }
}

function compareTypes(before: Contract, after: Contract, report: Report): void {
  const pairs = matched(before.types, after.types, (type) => type.name, {
    removed: (type) => report("type-removed", type.name),
    added: (type) => report("type-added", type.name),
  });
  for (const [old, now] of pairs) if (textsOf(old) !== textsOf(now)) report("text-changed", now.name);
  const operations = new Map(before.operations.map((operation) => [operation.id, operation]));
  for (const now of after.operations) {
    const old = operations.get(now.id);
    if (!old) continue;
    if (old.summary !== now.summary || JSON.stringify(old.example) !== JSON.stringify(now.example))
      report("text-changed", now.id);
  }
}

/** Descriptions and formats: what only readers of the contract see. */
function textsOf(type: TypeDef): string {
  const texts: unknown[] = [type.description];
  const collect = (shape: Shape): void => {
    if (shape.kind === "string") texts.push(shape.format);
    if (shape.kind === "array") collect(shape.items);
    if (shape.kind === "map") collect(shape.values);
    if (shape.kind === "object")
      for (const property of shape.properties) {
        texts.push([property.name, property.description, property.surfaceValues]);
        collect(property.shape);
      }
  };
  collect(type.shape);
  return JSON.stringify(texts);
}

/** Each role is walked once over all that has it, so that a shared type is reported once per role. */
/** The types with those of the error payload, which older baselines lack. */
function readTypes(contract: Contract): ReadonlyMap<string, TypeDef> {
  const errors = (contract.errorTypes ?? []).map((type) => [type.name, type] as const);
  return new Map([...typeMap(contract), ...errors]);
}

function compareShapes(before: Contract, after: Contract, report: Report): void {
  const walks = new Map<ShapeRole, ShapeComparison>();
  const compare = (role: ShapeRole, old: string, now: string, where: string): void => {
    let walk = walks.get(role);
    if (!walk) {
      walk = new ShapeComparison(role, readTypes(before), readTypes(after), (name, at) =>
        report(`${role}-${name}`, at),
      );
      walks.set(role, walk);
    }
    walk.compare({ kind: "ref", name: old }, { kind: "ref", name: now }, where);
  };
  const operations = new Map(before.operations.map((operation) => [operation.id, operation]));
  for (const now of after.operations) {
    const old = operations.get(now.id);
    if (!old) continue;
    compare("request", old.request, now.request, now.id);
    compare("response", old.response, now.response, now.id);
  }
  const events = new Map(before.events.map((event) => [event.id, event]));
  for (const now of after.events) {
    const old = events.get(now.id);
    if (old) compare("event", old.payload, now.payload, now.id);
  }
  if (before.errorTypes?.length) compare("response", "ErrorPayload", "ErrorPayload", "every operation");
  // A message between daemons is written by either side and read by the other.
  const messages = new Map(before.messages.map((message) => [message.id, message]));
  for (const now of after.messages) {
    const old = messages.get(now.id);
    if (!old) continue;
    compare("request", old.payload, now.payload, now.id);
    compare("event", old.payload, now.payload, now.id);
  }
}

function compareEvents(before: Contract, after: Contract, report: Report): void {
  const events = matched<EventDef>(before.events, after.events, (event) => event.id, {
    removed: (event) => report("event-removed", event.id),
    added: (event) => report("event-added", event.id),
  });
  for (const [old, now] of events) {
    if (old.rpc !== now.rpc) report("event-method-renamed", now.id);
    if (old.summary !== now.summary) report("text-changed", now.id);
  }
  const messages = matched<MessageDef>(before.messages, after.messages, (message) => message.id, {
    removed: (message) => report("message-removed", message.id),
    added: (message) => report("message-added", message.id),
  });
  for (const [old, now] of messages) {
    if (old.direction !== now.direction) report("message-direction-changed", now.id);
    if (old.ack !== now.ack) report("message-ack-changed", now.id);
    if (old.summary !== now.summary) report("text-changed", now.id);
  }
}

function compareRaw(before: Contract, after: Contract, report: Report): void {
  const pairs = matched<RawRoute>(before.rawRoutes, after.rawRoutes, (route) => route.id, {
    removed: (route) => report("raw-route-removed", route.id),
    added: (route) => report("raw-route-added", route.id),
  });
  for (const [old, now] of pairs) {
    // Contracts that were accepted before byte routes declared these facts lack them.
    const lost = (a: string[] = [], b: string[] = []): boolean => a.some((item) => !b.includes(item));
    const isOpen = ({ credentials }: RawRoute): boolean => credentials?.length === 0;
    if (old.path !== now.path || lost(old.prefixes, now.prefixes)) report("raw-path-changed", now.id);
    if (lost(old.methods, now.methods)) report("raw-method-removed", now.id);
    if (old.upgrade != null && now.upgrade !== old.upgrade) report("raw-upgrade-removed", now.id);
    if (lost(old.request, now.request)) report("raw-request-type-removed", now.id);
    if (now.maxBytes !== null && (old.maxBytes === null || now.maxBytes < old.maxBytes))
      report("raw-limit-lowered", now.id);
    const scopeTightened = now.scope !== null && now.scope !== old.scope;
    const originTightened = old.origin_rule === "check" && now.origin_rule === "require";
    const callersLost = isOpen(old) ? !isOpen(now) : !isOpen(now) && lost(old.credentials, now.credentials);
    if (scopeTightened || originTightened || callersLost) report("raw-access-tightened", now.id);
    else if (
      lost(now.methods, old.methods) ||
      lost(now.prefixes, old.prefixes) ||
      old.scope !== now.scope ||
      lost(now.credentials, old.credentials) ||
      (isOpen(now) && !isOpen(old)) ||
      old.origin_rule !== now.origin_rule
    )
      report("raw-route-widened", now.id);
    if (old.summary !== now.summary) report("text-changed", now.id);
    if (old.audit !== now.audit) report("audit-changed", now.id);
  }
}

function compareErrors(before: ErrorDef[], after: ErrorDef[], report: Report): void {
  const pairs = matched(before, after, (error) => error.code, {
    removed: (error) => report("error-code-removed", error.code),
    added: (error) => report("error-code-added", error.code),
  });
  for (const [old, now] of pairs) {
    if (old.http !== now.http) report("error-http-changed", now.code);
    if (old.rpc !== now.rpc) report("error-number-changed", now.code);
    if (old.exit !== now.exit) report("error-exit-changed", now.code);
    if (old.retryable !== now.retryable) report("error-retryable-changed", now.code);
    if (old.category !== now.category) report("error-category-changed", now.code);
    if (old.clientOnly !== now.clientOnly) report("error-side-changed", now.code);
    if (old.text !== now.text) report("text-changed", now.code);
  }
}
