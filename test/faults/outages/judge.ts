import type { CommsStreamEvent } from "../../../sdks/typescript/src/index.js";
import { isTerminal } from "./asker.js";
import { textOf, type Work } from "./work.js";

/** An acknowledged request. */
export interface Asked {
  readonly interactionId: string;
  readonly to: string;
  readonly work: Work;
}

/** One time that a host worked on an interaction, as the host itself noted it. */
export interface WorkRun {
  readonly id: string;
  readonly attempt: number;
  completed: boolean;
}

/** The runs of each interaction, from the lines that hosts wrote. */
export function runsOf(ledger: string): Map<string, WorkRun[]> {
  const found = new Map<string, WorkRun[]>();
  for (const line of ledger.split("\n").filter((text) => text !== "")) {
    const [what, interaction, attempt, id] = line.split(" ") as [string, string, string, string];
    const runs = found.get(interaction) ?? [];
    found.set(interaction, runs);
    if (what === "start") runs.push({ id, attempt: Number(attempt), completed: false });
    else for (const run of runs) if (run.id === id) run.completed = true;
  }
  return found;
}

/** What is wrong with the end of a request; `runs` are what its host did for it. */
export function judge(
  { interactionId, to, work }: Asked,
  runs: readonly WorkRun[],
  events: readonly CommsStreamEvent[],
): string[] {
  const wrong: string[] = [];
  const note = (what: string): void => void wrong.push(`${to}, ${interactionId}: ${what}`);
  const gap = events.findIndex(({ sequence }, at) => sequence !== at + 1);
  if (gap >= 0) note(`position ${gap + 1} holds ${events[gap]?.sequence}`);
  const ends = events.filter(({ event }) => isTerminal(event.kind));
  if (ends.length !== 1) note(`it has ${ends.length} terminal events`);
  else if (events.at(-1) !== ends[0]) note("something follows its terminal event");
  const attempts = runs.map(({ attempt }) => attempt);
  if (new Set(attempts).size < attempts.length) note(`it was begun twice as attempt ${attempts.join(", ")}`);
  // No host ends in this run: each keeps what it has begun.
  else if (runs.length > 1)
    note(`it was begun again as attempt ${attempts.join(", ")} although its host lived`);
  const [end] = ends;
  if (end === undefined) return wrong;
  const completed = runs.some((run) => run.completed);
  if (end.event.kind === "interaction_failed") {
    const { code, message, retryable } = end.event.reason;
    if (completed) note(`its work was completed, and lost: ${code}: ${message}`);
    else if (!retryable) note(`it failed for good: ${code}: ${message}`);
    return wrong;
  }
  if (!completed) note("it is complete, and its work is not");
  const text = events.map(({ event }) => (event.kind === "text_delta" ? event.delta : "")).join("");
  if (text !== textOf(work)) note(`its text is ${shortened(text)} instead of ${shortened(textOf(work))}`);
  return wrong;
}

function shortened(text: string): string {
  const short = text.replaceAll(/x{4,}/g, "x..");
  return JSON.stringify(short.length > 200 ? `${short.slice(0, 90)}[...]${short.slice(-90)}` : short);
}
