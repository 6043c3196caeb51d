import { auth } from "./auth.js";
import { cli } from "./cli.js";
import { console } from "./console.js";
import { contract } from "./contract.js";
import { faults } from "./faults.js";
import { federation } from "./federation.js";
import { house } from "./house.js";
import { kernel } from "./kernel.js";
import { messaging } from "./messaging.js";
import { project } from "./project.js";
import type { Requirement, Requirements } from "./requirement.js";
import { sdks } from "./sdks.js";
import { storage } from "./storage.js";
import { surfaces } from "./surfaces.js";
import { system } from "./system.js";

export { delivered, type Issue, type Requirement } from "./requirement.js";

/** Every promise of the project by its id. The first word of an id names its subject, not its file. */
export const requirements: Requirements = join([
  auth,
  cli,
  console,
  contract,
  faults,
  federation,
  house,
  kernel,
  messaging,
  project,
  sdks,
  storage,
  surfaces,
  system,
]);

/** Joins lists of promises; an id that two of them declare is refused. */
export function join(lists: readonly Requirements[]): Requirements {
  const joined = new Map<string, Requirement>();
  for (const [id, requirement] of lists.flatMap((list) => Object.entries(list))) {
    if (joined.has(id)) throw new Error(`The promise ${id} is declared twice; keep one.`);
    joined.set(id, requirement);
  }
  return Object.fromEntries(joined);
}
