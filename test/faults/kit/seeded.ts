/** Randomness from one printed number. */
export interface Seeded {
  /** In [0, 1). */
  next(): number;
  /** A whole number in [low, high]. */
  between(low: number, high: number): number;
  chance(probability: number): boolean;
  pick<T>(from: readonly T[]): T;
  /** A generator of its own for a part, so that parts running at once do not disturb each other's order. */
  fork(part: number): Seeded;
}

/** The mulberry32 generator: 32 bits of state, good enough to choose faults. */
export function seeded(seed: number): Seeded {
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    between: (low, high) => low + Math.floor(next() * (high - low + 1)),
    chance: (probability) => next() < probability,
    pick: (from) => from[Math.floor(next() * from.length)]!,
    fork: (part) => seeded(Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) + Math.imul(part + 1, 0xc2b2ae35)),
  };
}

/** The seed of a run that was not given one: `FAULT_SEED`, else another each time. */
export function chosenSeed(): number {
  const given = process.env.FAULT_SEED;
  return given === undefined ? Date.now() % 2 ** 31 : Number(given);
}
