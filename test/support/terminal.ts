import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../../dist/cli.cjs", import.meta.url));
const python = process.env.PARLEY_TEST_PYTHON ?? "python3";

/** Runs a command in a terminal of its own: what it writes there goes to stdout, what comes on stdin is typed. */
const script = `
import fcntl, os, pty, select, struct, sys, termios
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, int(sys.argv[1]), 0, 0))
sources = [fd, 0]
while True:
    ready = select.select(sources, [], [])[0]
    if fd in ready:
        try:
            data = os.read(fd, 65536)
        except OSError:
            break
        if not data:
            break
        os.write(1, data)
    if 0 in ready:
        typed = os.read(0, 65536)
        if typed:
            os.write(fd, typed)
        else:
            sources.remove(0)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

export interface TerminalOptions {
  columns?: number;
  /** Types the text once the output holds the first one. */
  answers?: readonly [shown: string, typed: string][];
}

/** Runs the built CLI in a terminal; `output` is what the terminal was sent, with line ends as "\\n". */
export function inTerminal(
  env: NodeJS.ProcessEnv,
  args: string[],
  { columns = 80, answers = [] }: TerminalOptions = {},
): Promise<{ code: number | null; output: string }> {
  const words = ["-c", script, String(columns), process.execPath, program, ...args];
  const child = spawn(python, words, { env, stdio: ["pipe", "pipe", "inherit"] });
  const waiting = [...answers];
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    output += text;
    while (waiting.length > 0 && output.includes(waiting[0]![0])) child.stdin.write(waiting.shift()![1]);
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output: output.replaceAll("\r\n", "\n") }));
  });
}
