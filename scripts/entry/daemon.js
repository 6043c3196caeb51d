// The daemon's process. Old Nodes take this file for a script and newer ones for a module: it is valid as both.
(typeof require === "function"
  ? Promise.resolve(require("./node-version.cjs"))
  : import("./node-version.cjs").then(function (module) {
      return module.default;
    })
).then(function (nodeVersion) {
  nodeVersion.enter(process.argv[1], nodeVersion.oldest, function () {
    import("./daemon-main.js");
  });
});
