// Runs before each test file. The user who runs the tests may have a daemon: its folders and the default port are out of
// reach here, and a test that uses what lies in their place fails.
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { afterAll, beforeAll, expect } from "vitest";
import { DecoyHome } from "./decoy-home.js";
import { refuseHome } from "./refuse-home.js";

refuseHome(homedir());
createRequire(import.meta.url)("./default-port-guard.cjs");
const decoy = new DecoyHome();
Object.assign(process.env, decoy.env);

beforeAll(() => decoy.open());

afterAll(() => {
  const trespasses = decoy.trespasses();
  decoy.close();
  expect(trespasses, "give daemons, clients and commands the environment of placesIn() and port 0").toEqual(
    [],
  );
});
