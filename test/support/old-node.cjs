// With `node --require`: a Node that takes itself for an old one, for machines that have none.
const version = "16.20.2";
process.execPath = "/usr/bin/old-node";
Object.defineProperty(process, "version", { value: `v${version}` });
Object.defineProperty(process, "versions", { value: { ...process.versions, node: version } });
