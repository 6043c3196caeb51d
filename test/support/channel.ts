/** What comes out of something that calls back, one value at a time. */
export interface Channel<T> {
  put(value: T): void;
  take(): Promise<T>;
  /** Values that nobody took yet. */
  readonly waiting: number;
}

export function channel<T>(): Channel<T> {
  const values: T[] = [];
  const takers: ((value: T) => void)[] = [];
  return {
    put(value) {
      const taker = takers.shift();
      if (taker === undefined) values.push(value);
      else taker(value);
    },
    take: () =>
      new Promise((resolve) => {
        if (values.length > 0) resolve(values.shift()!);
        else takers.push(resolve);
      }),
    get waiting() {
      return values.length;
    },
  };
}
