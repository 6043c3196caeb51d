/** A mistake in a config file: where it is and what to write instead. The message is one line, meant to be shown as it is. */
export class ConfigError extends Error {
  override name = "ConfigError";
  readonly file: string;
  readonly line: number | undefined;
  readonly column: number | undefined;

  constructor(
    file: string,
    place: { line: number; column: number } | undefined,
    text: string,
    options?: ErrorOptions,
  ) {
    super(`${file}${place === undefined ? "" : `:${place.line}:${place.column}`}: ${text}`, options);
    this.file = file;
    this.line = place?.line;
    this.column = place?.column;
  }
}
