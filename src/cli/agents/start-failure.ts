/** What the system's reasons for refusing a start mean, with what to do. */
const reasons: Readonly<Record<string, string>> = {
  ENOENT: "the program, or the interpreter that its first line names, does not exist; install it again",
  EACCES: "the file may not be executed; `chmod +x` it",
  ENOTDIR: "a part of its path is not a folder; correct the path",
  ELOOP: "its path leads in a circle of links; correct the link",
  ENOEXEC: "the file is not a program of this machine",
  E2BIG: "its arguments and environment are longer than the system allows; shorten them",
  ETXTBSY: "the file is being written; it may work in a moment",
  EAGAIN: "this user has as many processes as the system allows; end some",
  EMFILE: "this host has as many open files as the system allows; raise `ulimit -n` or lower --concurrency",
  ENFILE: "the machine has as many open files as the system allows; end some programs",
  ENOMEM: "the machine is short of memory; end some programs",
};
/** Reasons that may be gone by the next try. */
const passing: ReadonlySet<string> = new Set(["ETXTBSY", "EAGAIN", "EMFILE", "ENFILE", "ENOMEM"]);

/** A command that could not be started. */
export class StartFailure extends Error {
  override readonly name = "StartFailure";
  readonly retryable: boolean;

  constructor(program: string, cause: unknown) {
    const { code = "", message } = cause as NodeJS.ErrnoException;
    const reason = reasons[code];
    super(`Could not start ${program}: ${reason === undefined ? message : `${reason} (${code})`}.`, {
      cause,
    });
    this.retryable = passing.has(code);
  }
}
