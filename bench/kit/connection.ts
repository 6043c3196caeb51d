/** An open connection of the load generator. */
export interface Connection {
  /** Sends the first calls; each answer is followed by the next call. */
  begin(): void;
  close(): void;
}

/** Takes the milliseconds that an answer took. */
export type OnAnswer = (milliseconds: number) => void;
