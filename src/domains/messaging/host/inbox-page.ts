import { ContractError } from "../../../kernel/contract-error.js";
import { type InboxItem, isShown, itemsWithin } from "../inbox/inbox-item.js";
import type { Mailbox } from "../inbox/mailbox.js";

/** What one page may contain. */
export interface PageLimits {
  readonly entries: number;
  /** Characters of the commands' JSON; the first command is always on the page. */
  readonly chars: number;
}

/** Open items of an inbox, in the order in which they came into sight. */
export interface ItemPage {
  readonly items: readonly InboxItem[];
  /** Everything up to here is on this page or before it. */
  readonly cursor: number;
  readonly more: boolean;
}

/** The page behind the position `after`; `field` is the request's name for it. */
export function pageAfter(
  { inbox, position }: Mailbox,
  after: number,
  { entries, chars }: PageLimits,
  now: number,
  field: string,
): ItemPage {
  if (after > position) throw beyond(field, after, position);
  const chosen = inbox.open
    .filter((item) => isShown(item, now) && shownFrom(item) > after)
    .sort((one, other) => shownFrom(one) - shownFrom(other))
    .slice(0, entries + 1);
  const items = itemsWithin(chosen.slice(0, entries), chars);
  const more = items.length < chosen.length;
  return { items, cursor: more ? shownFrom(items.at(-1)!) : position, more };
}

/** Position in the inbox's log from which on it is shown: a reader that goes on from a cursor misses nothing. */
export function shownFrom({ seq, release }: InboxItem): number {
  return release?.seq ?? seq;
}

function beyond(field: string, after: number, newest: number): ContractError {
  const expected = `at most ${newest}, the inbox's newest`;
  return new ContractError("invalid_request", {
    details: [{ field, issue: "out_of_range", expected, got: String(after) }],
  });
}
