#!/usr/bin/env node
// The command `parley`. ES5, so that old Nodes read as far as the check of their version.
"use strict";
var nodeVersion = require("./node-version.cjs");

nodeVersion.enter(__filename, nodeVersion.oldest, function () {
  require("./cli-main.cjs");
});
