/** One promised behaviour of the seeds or the design. Tests cite its id in their names, in brackets. */
export interface Requirement {
  /** What holds, in one sentence. */
  text: string;
  /** The piece of work that delivers it. */
  issue: Issue;
}

export type Requirements = Readonly<Record<string, Requirement>>;

export type Issue =
  | "foundation"
  | "foundation-hardened"
  | "comms-complete"
  | "trust"
  | "people"
  | "house"
  | "leases"
  | "gateway"
  | "machines"
  | "terminals"
  | "packages";

/** Work that has landed: a test cites each of its promises. */
export const delivered: ReadonlySet<Issue> = new Set<Issue>([
  "foundation",
  "foundation-hardened",
  "comms-complete",
  "trust",
  "people",
]);

const of =
  (issue: Issue) =>
  (text: string): Requirement => ({ text, issue });

export const foundation = of("foundation");
export const hardened = of("foundation-hardened");
export const comms = of("comms-complete");
export const trust = of("trust");
export const people = of("people");
export const house = of("house");
