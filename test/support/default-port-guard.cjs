// Loaded into every Node process that a test starts: the default port may belong to a daemon of the user who runs the
// tests. A use is reported to the test file that caused it, which fails, and is refused.
const { appendFileSync } = require("node:fs");
const net = require("node:net");

const defaultPort = 7433;

guard(net.Socket.prototype, "connect", "connects to");
guard(net.Server.prototype, "listen", "listens on");

function guard(prototype, method, verb) {
  const original = prototype[method];
  prototype[method] = function (...args) {
    if (portOf(args) !== defaultPort) return original.apply(this, args);
    const text = `a process ${verb} the default port ${defaultPort}: ${process.argv.slice(1).join(" ")}`;
    if (process.env.PARLEY_TEST_TRESPASS) appendFileSync(process.env.PARLEY_TEST_TRESPASS, `${text}\n`);
    throw new Error(`${text}; tests use port 0 and the address that the daemon reports`);
  };
}

/** The first argument is a port, a path or options; Node itself passes normalised arguments as a list. */
function portOf([first]) {
  const target = Array.isArray(first) ? first[0] : first;
  return Number(typeof target === "object" && target !== null ? target.port : target);
}
