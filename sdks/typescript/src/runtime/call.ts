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
export class Call<T> implements Promise<T> {
  readonly [Symbol.toStringTag] = "Call";
  readonly #outcome: Promise<Outcome<T>>;

  constructor(outcome: Promise<Outcome<T>>) {
    this.#outcome = outcome;
  }

  withResponse(): Promise<Outcome<T>> {
    return this.#outcome;
  }

  // biome-ignore lint/suspicious/noThenProperty: a call is awaited like a promise
  then<A = T, B = never>(
    onValue?: ((value: T) => A | PromiseLike<A>) | null,
    onError?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#outcome.then(({ value }) => value).then(onValue, onError);
  }

  catch<B = never>(onError?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<T | B> {
    return this.then(undefined, onError);
  }

  finally(onEnd?: (() => void) | null): Promise<T> {
    return this.then().finally(onEnd);
  }
}
