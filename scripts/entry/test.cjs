// `npm test`. ES5, so that old Nodes read as far as the check of their version.
"use strict";
var nodeVersion = require("./node-version.cjs");

nodeVersion.enter(__filename, nodeVersion.oldestForSetup, function () {
  require("./import.cjs")("../test.mjs");
});
