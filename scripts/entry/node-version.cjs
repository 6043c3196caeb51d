// Runs first, on whatever Node the machine has. Old ones must parse this file, so it is ES5 and imports only Node's own.
"use strict";
var fs = require("fs");
var path = require("path");

/** The oldest Node on which the daemon, its commands and the core run. */
exports.oldest = "24.15";
/** The oldest Node on which the scripts run that install the packages, a newer Node among them. */
exports.oldestForSetup = "20.0";

/** Whether `version` is at least `oldest`, given as major.minor. Default: the version of this process's Node. */
exports.fits = function (oldest, version) {
  var parts = (version || process.versions.node).split(".").map(Number);
  var wanted = oldest.split(".").map(Number);
  return parts[0] > wanted[0] || (parts[0] === wanted[0] && parts[1] >= wanted[1]);
};

/** What is wrong with this process's Node and how to get a newer one, in one line. */
exports.complaint = function (what, oldest) {
  var own = process.version + " (" + process.execPath + ")";
  return (
    what +
    " needs Node " +
    oldest +
    " or newer, and this is " +
    own +
    ". Install Node 24 from https://nodejs.org. " +
    "In a checkout, `npm start` brings it: that needs Node 20 or newer and npm 11."
  );
};

/** Calls `main` when this process's Node is at least `oldest`; else runs `script` again with the packaged Node. */
exports.enter = function (script, oldest, main) {
  if (exports.fits(oldest)) main();
  else exports.runAgain("parley", oldest, [script].concat(process.argv.slice(2)));
};

/** Runs the packaged Node with `args` and ends as it ends. Exits with 1 when there is no packaged Node. */
exports.runAgain = function (what, oldest, args) {
  var node = exports.packagedNode();
  // A packaged Node that takes itself for too old would run itself again for ever.
  if (node === undefined || fs.realpathSync(node) === process.execPath) {
    process.stderr.write("parley: " + exports.complaint(what, oldest) + "\n");
    process.exit(1);
  }
  var notice =
    "Node " + oldest + " or newer is needed, this is " + process.version + "; continuing with " + node;
  // A shell completes words while someone types a line.
  if (process.argv[2] !== "__complete") process.stderr.write("parley: " + notice + "\n");
  // Here, because loading it takes longer than the check.
  var spawn = require("child_process").spawn;
  follow(spawn(node, args, { stdio: "inherit" }));
};

/** The program of the Node among the installed packages, in the nearest folder above that has one new enough. */
exports.packagedNode = function () {
  var isWindows = process.platform === "win32";
  var name = "node_modules/node-" + (isWindows ? "win" : process.platform) + "-" + process.arch;
  for (var folder = __dirname; folder !== path.dirname(folder); folder = path.dirname(folder)) {
    var program = path.join(folder, name, isWindows ? "bin/node.exe" : "bin/node");
    if (
      fs.existsSync(program) &&
      exports.fits(exports.oldest, require(path.join(folder, name, "package.json")).version)
    )
      return program;
  }
};

/** Passes signals on to `child`, and ends as it ends. */
function follow(child) {
  var all = ["SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP", "SIGUSR2"];
  var signals = process.platform === "win32" ? ["SIGINT"] : all;
  signals.forEach(function (signal) {
    process.on(signal, function () {
      // From a terminal the child has these already.
      var isFromTerminal = process.stdin.isTTY && (signal === "SIGINT" || signal === "SIGQUIT");
      if (!isFromTerminal) child.kill(signal);
    });
  });
  watchNpm(child);
  child.on("error", function (error) {
    process.stderr.write("parley: the packaged Node does not start: " + error.message + "\n");
    process.exit(1);
  });
  child.on("exit", function (code, signal) {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

/** npm that is killed, or that a closed terminal ends, passes nothing on: its end counts as SIGTERM. */
function watchNpm(child) {
  var parent = process.ppid;
  if (process.env.npm_lifecycle_event === undefined) return;
  var look = setInterval(function () {
    if (process.ppid === parent) return;
    clearInterval(look);
    child.kill("SIGTERM");
  }, 500);
}
