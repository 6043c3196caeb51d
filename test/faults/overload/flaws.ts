import type { LoadResult } from "./load.js";

/** What went silently wrong in a load, or was told in no form of the contract. */
export function flaws(what: string, result: LoadResult): string[] {
  const answered = [...result.statuses.values()].reduce((sum, count) => sum + count, 0);
  const strange = [...result.statuses.keys()].filter((status) => ![200, 429, 503].includes(status));
  return [
    ...(answered === result.sent && result.unanswered === 0
      ? []
      : [`${what}: ${result.sent} were sent, ${answered} answered, ${result.unanswered} cut`]),
    ...strange.map((status) => `${what}: answered with ${status}`),
    ...result.untyped.slice(0, 3).map((body) => `${what}: refused untyped: ${body}`),
  ];
}
