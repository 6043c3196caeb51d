/** What an interaction asks of its host: this many pieces, one after each pause, each with so many bytes behind its number. */
export interface Work {
  pieces: number;
  pauseMs: number;
  bytes: number;
}

/** The work as the body of a request: a shell can read it too. */
export function bodyOf({ pieces, pauseMs, bytes }: Work): string {
  return `${pieces} ${(pauseMs / 1000).toFixed(3)} ${bytes}`;
}

export function workOf(body: string): Work {
  const [pieces = 0, seconds = 0, bytes = 0] = body.split(" ").map(Number);
  return { pieces, pauseMs: seconds * 1000, bytes };
}

export function pieceOf(number: number, { bytes }: Pick<Work, "bytes">): string {
  return `${number};${"x".repeat(bytes)}`;
}

/** Everything that the work emits. */
export function textOf(work: Work): string {
  return Array.from({ length: work.pieces }, (_, at) => pieceOf(at + 1, work)).join("");
}

/** A host's command line for the work; `$LEDGER` is where it notes its beginning and its end. */
export const shellWork = `read -r n p b
echo "start $INTERACTION_ID $INTERACTION_ATTEMPT $$" >> "$LEDGER"
i=1
while [ "$i" -le "$n" ]; do
  sleep "$p"
  printf '%s;' "$i"
  if [ "$b" -gt 0 ]; then head -c "$b" /dev/zero | tr '\\0' x; fi
  i=$((i + 1))
done
echo "done $INTERACTION_ID $INTERACTION_ATTEMPT $$" >> "$LEDGER"`;
