/** The response behind a result. */
export interface RawResponse {
  /** `http`, or `rpc` for an answer on a WebSocket. */
  wire: "http" | "rpc";
  /** HTTP status; 200 for an answer on a WebSocket. */
  status: number;
  /** Lower-case names; empty on a WebSocket. */
  headers: Readonly<Record<string, string>>;
  /** The body as it came, before unknown variants were marked. */
  body: string;
}

/** What a finished call holds. */
export interface Outcome<T> {
  value: T;
  response: RawResponse;
}

/** A call under way: await it for the value, or `withResponse()` for the value and the raw response. */
export class Call<T> extends Promise<T> {
  readonly #outcome: Promise<Outcome<T>>;

  /** What `then` makes is a plain promise. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  constructor(outcome: Promise<Outcome<T>>) {
    super((resolve, reject) => {
      outcome.then(({ value }) => resolve(value), reject);
    });
    this.#outcome = outcome;
  }

  withResponse(): Promise<Outcome<T>> {
    // Who takes the outcome hears of its failure there.
    this.catch(() => {});
    return this.#outcome;
  }
}
