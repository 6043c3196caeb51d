/** What a store's process acknowledged over its lives, held against what the next life finds. */
export class StoreLedger {
  /** Ids by log and position. */
  readonly #appended = new Map<string, Map<number, string>>();
  readonly #slots = new Map<string, { rev: number; value: string }>();
  #highestRev = 0;
  readonly broken: string[] = [];
  acknowledged = 0;
  where = "";

  fail(what: string): void {
    this.broken.push(`${this.where}: ${what}`);
  }

  /** Takes in all that one life printed; a line that the kill cut short is no promise. */
  life(printed: string): { opened: boolean } {
    const lines = printed
      .split("\n")
      .slice(0, -1)
      .map((line) => line.split(" "));
    const ready = lines.findIndex(([word]) => word === "ready");
    if (ready >= 0) this.#found(lines.slice(0, ready));
    for (const [word, name = "", number = "", text = ""] of lines.slice(ready + 1)) {
      if (word === "append") this.#append(name, Number(number), text);
      if (word === "cas") this.#cas(name, Number(number), text);
    }
    return { opened: ready >= 0 };
  }

  #append(log: string, seq: number, id: string): void {
    const known = this.#logOf(log);
    if (known.has(seq)) this.fail(`position ${seq} of ${log} was given twice`);
    known.set(seq, id);
    this.acknowledged += 1;
  }

  #cas(key: string, rev: number, value: string): void {
    if (rev <= this.#highestRev) this.fail(`revision ${rev} of ${key} came after ${this.#highestRev}`);
    this.#highestRev = Math.max(this.#highestRev, rev);
    this.#slots.set(key, { rev, value });
    this.acknowledged += 1;
  }

  #found(lines: readonly string[][]): void {
    const kept = new Map<string, Map<number, string>>();
    const ids = new Set<string>();
    const slots = new Map<string, { rev: number; value: string }>();
    for (const [word, name = "", number = "", text = ""] of lines) {
      if (word === "slot") slots.set(name, { rev: Number(number), value: text });
      if (word === "last" && (kept.get(name)?.size ?? 0) !== Number(number))
        this.fail(`${name} has ${kept.get(name)?.size ?? 0} entries up to ${number}`);
      if (word !== "kept") continue;
      if (ids.has(text)) this.fail(`${text} is in ${name} twice`);
      ids.add(text);
      const log = kept.get(name) ?? new Map<number, string>();
      kept.set(name, log.set(Number(number), text));
    }
    for (const [log, appended] of this.#appended) this.#compare(log, appended, kept.get(log) ?? new Map());
    for (const [key, { rev, value }] of this.#slots) {
      const slot = slots.get(key);
      // One that was not acknowledged may have come after.
      const kept = slot !== undefined && (slot.rev > rev || (slot.rev === rev && slot.value === value));
      if (!kept) this.fail(`${key} had revision ${rev} and has ${slot?.rev ?? "none"}`);
    }
    for (const { rev } of slots.values()) this.#highestRev = Math.max(this.#highestRev, rev);
    // What is kept without having been acknowledged counts from now on.
    for (const [log, entries] of kept) this.#appended.set(log, entries);
  }

  #compare(log: string, appended: Map<number, string>, kept: Map<number, string>): void {
    let lost = 0;
    for (const [seq, id] of appended) if (kept.get(seq) !== id) lost += 1;
    if (lost > 0) this.fail(`${lost} of ${appended.size} acknowledged entries of ${log} are lost`);
    let gap = 1;
    while (kept.has(gap)) gap += 1;
    if (gap <= kept.size) this.fail(`${log} has no position ${gap} of ${kept.size}`);
  }

  #logOf(log: string): Map<number, string> {
    const known = this.#appended.get(log) ?? new Map<number, string>();
    this.#appended.set(log, known);
    return known;
  }
}
