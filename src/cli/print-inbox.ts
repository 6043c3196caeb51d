import type { Parley } from "../../sdks/typescript/src/index.js";
import { note, paint, print } from "./output.js";
import { shortTime } from "./table.js";

type Page = Awaited<ReturnType<Parley["sessions"]["listInbox"]>>;
export type Listed = Page["interactions"][number];
export type Omitted = NonNullable<Page["omitted"]>;

/** Characters of one text on a terminal; a pipe gets all of them. */
const longestShown = 4_000;

/** Prints one interaction of an inbox: who sent what and when, its text, its id. */
export function printListed(one: Listed): void {
  const facts = [one.from, kindOf(one), shortTime(one.received_at), ...stateOf(one)];
  print(paint("bold", facts.join(" · ")));
  if (one.question !== undefined) printText(`you asked: ${one.question}`, "> ");
  printText(one.text, "");
  print(paint("dim", `  ${one.interaction_id}`));
}

/** Prints what can be done with the interactions, and what is no longer among them. */
export function printSteps(interactions: readonly Listed[], omitted: Omitted | undefined): void {
  if (omitted !== undefined)
    note(
      `${omitted.count} older answers are not listed, the oldest from ${shortTime(omitted.oldest_at)}; each can be read in its interaction`,
    );
  if (!process.stderr.isTTY) return;
  if (interactions.some(isRequest)) note(paint("dim", 'answer a request: parley reply <id> "text"'));
  if (interactions.some((one) => !isRequest(one)))
    note(paint("dim", "take what you have read off the list: parley inbox done <id>"));
}

function isRequest({ kind }: Listed): boolean {
  return kind === "peer_request" || kind === "input";
}

function kindOf({ kind, intent, status }: Listed): string {
  if (kind === "peer_message") return "message";
  if (kind === "peer_request") return intent === undefined ? "request" : `request ${intent}`;
  if (kind !== "peer_response") return String(kind);
  if (status === "failed") return "answer: failed";
  return status === "accepted" ? "progress" : "answer";
}

function stateOf({ state }: Listed): string[] {
  return state === "waiting" ? [] : [String(state)];
}

function printText(text: string, mark: string): void {
  const isCut = process.stdout.isTTY && text.length > longestShown;
  const shown = isCut ? text.slice(0, longestShown).toWellFormed() : text;
  for (const line of shown.replace(/\n+$/, "").split("\n")) print(`  ${mark}${line}`);
  if (isCut) print(paint("dim", `  ${text.length - longestShown} more characters; --json prints all`));
}
