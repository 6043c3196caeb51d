import { comms, foundation, people, type Requirements, trust } from "./requirement.js";

/** Layout, imports, packages, benchmarks and the test suites themselves. */
export const project: Requirements = {
  "bench.bars": foundation("Every performance bar has its benchmark, or says which plane it waits for."),
  "packages.artefacts": people(
    "The packed artefacts of both npm packages, the wheel and the sdist carry the LICENSE and all that they need, and no tests.",
  ),
  "packages.names": people(
    "Docs, recipes, messages and generated text fetch no package `parley`, which belongs to other projects; the packages are parleyd and parley-sdk.",
  ),
  "project.import-directions": foundation(
    "The linter refuses imports against the directions of ARCHITECTURE.md.",
  ),
  "quality.requirements": foundation(
    "Every promise of a delivered issue is cited by a test, and every cited id is a promise.",
  ),
  "quality.test-places": trust(
    "A test that would use the folders, the daemon or the default port of the user who runs it fails.",
  ),
  "seed003.accept-no-scaffolding": comms("No internal scaffolding of the cut-over is in the tree."),
  "seed003.m2": comms("Nothing of the cut-over's internal bridges is left; a gate is red when one is."),
  "tests.power-cuts": trust(
    "The test script installs what power cuts need where it may, and prints one line where it may not.",
  ),
};
