/** What kind of caller a principal is. A `link` is a paired daemon: it sends, and never calls. */
export type PrincipalKind = "local" | "token" | "browser" | "link";

/** Identifies a principal. A name alone does not: a token may have any name. */
export interface PrincipalId {
  readonly kind: PrincipalKind;
  readonly name: string;
}

/** The user at the unix socket. */
export const localName = "local";
/** A browser that is signed in to the console. */
export const consoleName = "console";

/** A paired daemon. No caller here is one, so no token may read its outboxes. */
export function linkPrincipal(endpointId: string): PrincipalId {
  return { kind: "link", name: `${linkPrefix}${endpointId}` };
}

/** Token names have no colon. */
const linkPrefix = "link:";

/** Whether the name belongs to the user or the console, so that no new token may have it. */
export function isReservedName(name: string): boolean {
  return name === localName || name === consoleName;
}

/** Whose a session is that the caller makes: the console is the user. */
export function ownerOf({ kind, name }: PrincipalId): PrincipalId {
  return kind === "browser" ? { kind: "local", name: localName } : { kind, name };
}

export function samePrincipal(one: PrincipalId, other: PrincipalId): boolean {
  return one.name === other.name && one.kind === other.kind;
}

/** A principal as records keep it. */
export interface StoredPrincipal {
  principal: string;
  /** Absent where the name implies it. Only tokens of reserved names, which earlier versions made, need it. */
  principal_kind?: PrincipalKind;
}

export function storedPrincipal({ kind, name }: PrincipalId): StoredPrincipal {
  return kind === impliedKind(name) ? { principal: name } : { principal: name, principal_kind: kind };
}

export function principalOf({ principal, principal_kind }: StoredPrincipal): PrincipalId {
  return { kind: principal_kind ?? impliedKind(principal), name: principal };
}

/** Whether the record names this principal. */
export function isStoredAs(stored: StoredPrincipal, { kind, name }: PrincipalId): boolean {
  return stored.principal === name && (stored.principal_kind ?? impliedKind(name)) === kind;
}

function impliedKind(name: string): PrincipalKind {
  if (name === localName) return "local";
  if (name === consoleName) return "browser";
  return name.startsWith(linkPrefix) ? "link" : "token";
}
