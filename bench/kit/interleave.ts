/** What is compared: each member does one round of its work and says what it cost. */
export type Contenders<Name extends string, Sample> = Record<Name, () => Promise<Sample>>;

/**
 * Runs every contender once in each round, in a new random order each time; a first round warms up and is dropped.
 * Samples of the same index belong to the same round.
 */
export async function interleave<Name extends string, Sample>(
  rounds: number,
  contenders: Contenders<Name, Sample>,
): Promise<Record<Name, Sample[]>> {
  const names = Object.keys(contenders) as Name[];
  const samples = Object.fromEntries(names.map((name) => [name, [] as Sample[]])) as Record<Name, Sample[]>;
  for (let round = -1; round < rounds; round += 1) {
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
