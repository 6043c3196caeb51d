import {
  BackendError,
  type BackendInfo,
  type KeyChange,
  maxEntryBytes,
  type NewEntry,
  type ReadOptions,
} from "../kernel/backend.js";

/** What every engine accepts, so that data can move between them. */
export const limits: BackendInfo["limits"] = { bodyBytes: maxEntryBytes, subjectChars: 256 };

/** The longest name of a log or bucket, and the longest key. */
const nameChars = 1024;
const maxReadLimit = 1024;
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Rejects what no engine may store: BackendError `too_large` for size, TypeError or RangeError for a caller's mistake. */
export function checkEntry(log: string, entry: NewEntry): void {
  checkName("log name", log);
  checkId(entry.id);
  if (entry.subject.length > limits.subjectChars)
    throw new BackendError(
      "too_large",
      `The subject has ${entry.subject.length} characters; at most ${limits.subjectChars} fit.`,
    );
  checkUnicode("subject", entry.subject);
  checkText("body", entry.body);
  if (entry.expectSeq !== undefined) checkPosition("expectSeq", entry.expectSeq);
}

/** As `checkEntry`, for a change of one key. */
export function checkChange(bucket: string, key: string, change: KeyChange): void {
  checkName("bucket name", bucket);
  checkName("key", key);
  if (change.value !== undefined) checkText("value", change.value);
  checkPosition("expectRev", change.expectRev);
}

/** Rejects a read that no engine would answer. */
export function checkRead(options: ReadOptions): void {
  checkPosition("fromSeq", options.fromSeq);
  if (options.id !== undefined) checkId(options.id);
  if (!Number.isInteger(options.limit) || options.limit < 1 || options.limit > maxReadLimit)
    throw new RangeError(`The read limit must be 1 to ${maxReadLimit}, it is ${options.limit}.`);
}

/** Rejects anything but a whole number from 0 on. */
export function checkPosition(what: string, position: number): void {
  if (!Number.isSafeInteger(position) || position < 0)
    throw new RangeError(`${what} must be a whole number from 0 on, it is ${position}.`);
}

function checkName(what: string, name: string): void {
  checkUnicode(what, name);
  if (name.length > nameChars)
    throw new BackendError(
      "too_large",
      `The ${what} has ${name.length} characters; at most ${nameChars} fit.`,
    );
}

/** Half a surrogate pair has no UTF-8: it would come back as another text. */
function checkUnicode(what: string, text: string): void {
  if (!text.isWellFormed()) throw new TypeError(`The ${what} must be well-formed Unicode.`);
}

function checkId(id: string): void {
  if (!uuid.test(id)) throw new TypeError("The entry id must be a UUID in lower case.");
}

function checkText(what: string, text: string): void {
  checkUnicode(what, text);
  // A UTF-16 unit is at most three bytes: most texts need no count.
  if (text.length * 3 <= limits.bodyBytes) return;
  const bytes = Buffer.byteLength(text);
  if (bytes > limits.bodyBytes)
    throw new BackendError("too_large", `The ${what} has ${bytes} bytes; at most ${limits.bodyBytes} fit.`);
}
