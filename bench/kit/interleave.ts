/** Rounds that are run first and dropped. */
export const warmupRounds = 5;

/** What is compared: each member does one round of its work and says what it cost. */
export type Contenders<Name extends string, Sample> = Record<Name, () => Promise<Sample>>;

/**
 * Runs every contender once in each round, in a new random order each time; the first rounds warm up and are dropped:
 * servers run for weeks, and the compiler is done with a large one later than with a yardstick of twenty lines.
 * Samples of the same index belong to the same round.
 */
export async function interleave<Name extends string, Sample>(
  rounds: number,
  contenders: Contenders<Name, Sample>,
): Promise<Record<Name, Sample[]>> {
  const names = Object.keys(contenders) as Name[];
  const samples = Object.fromEntries(names.map((name) => [name, [] as Sample[]])) as Record<Name, Sample[]>;
  for (let round = -warmupRounds; round < rounds; round += 1) {
    for (const name of shuffled(names)) {
      const sample = await contenders[name]();
      if (round >= 0) samples[name].push(sample);
    }
  }
  return samples;
}

function shuffled<T>(values: readonly T[]): T[] {
  const order = values.map((value) => ({ value, key: Math.random() }));
  return order.sort((a, b) => a.key - b.key).map(({ value }) => value);
}
