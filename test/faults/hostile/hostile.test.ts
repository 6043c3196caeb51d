import { describe, expect, test } from "vitest";
import { chromiumPath } from "../../support/browser.js";
import type { Mutation } from "../kit/mutated-bundle.js";
import { seeded } from "../kit/seeded.js";
import { expectHeld } from "../kit/short-form.js";
import { openPages } from "./parts/browser.js";
import { openNeighbours } from "./parts/neighbours.js";
import { faultRun } from "./run.js";
import { possibleTraps } from "./traps.js";

test(
  "[trust.hostile-neighbours] nothing of a body or credential reaches other users",
  { timeout: 300_000 },
  () => expectHeld(faultRun),
);

/** What a client that trusts too much would do, and the trap in which it is found out. */
const mutations: Record<string, { trap: string; mutation: Mutation | Mutation[] }> = {
  "a discovery file that others can write to is believed": {
    trap: "a discovery file that other users can write to",
    mutation: [
      {
        file: "own-path.ts",
        from: "const refusal = strangersRight(path, stat, uid);\n    return refusal === undefined ? { value: readFileSync",
        to: "const refusal = undefined;\n    return refusal === undefined ? { value: readFileSync",
      },
      {
        file: "own-path.ts",
        from: "strangersRight(path, stat, uid) ?? strangersFolder(folder, uid)",
        to: "undefined as Refusal | undefined",
      },
    ],
  },
  "a symbolic link is followed to the socket": {
    trap: "a socket that is a symbolic link",
    mutation: {
      file: "own-path.ts",
      from: "const folder = realpathSync(dirname(path));",
      to: "if (lstatSync(path).isSymbolicLink()) return { value: path };\n    const folder = realpathSync(dirname(path));",
    },
  },
  "a socket's owner and mode are not checked": {
    trap: "a socket of the user that other users can write to",
    mutation: {
      file: "own-path.ts",
      from: "strangersRight(path, stat, uid) ?? strangersFolder",
      to: "strangersFolder",
    },
  },
  "the folder of a socket is not checked": {
    trap: "a socket that looks like the user's in a folder that other users can write to",
    mutation: { file: "own-path.ts", from: " ?? strangersFolder(folder, uid)", to: "" },
  },
  "without a socket the port in the working directory's config file is tried": {
    trap: "no files, only ports",
    mutation: {
      file: "node-source.ts",
      from: "const socketPath = await this.#find(deadline);",
      to: `const socketPath = await this.#find(deadline).catch(() => undefined as never);
      if (socketPath === undefined) {
        const config = process.getBuiltinModule("node:fs").readFileSync("parley.toml", "utf8");
        const url = new URL("http://127.0.0.1:" + /port = (\\d+)/.exec(config)![1]);
        return (this.#transport = new NodeTransport({ url }, this.#token, this.#keepAlive));
      }`,
    },
  },
};

describe("[faults.hostile-sees] a client that trusts too much is found out", () => {
  const possible = possibleTraps();
  const cases = Object.entries(mutations).map(([name, one]) => ({
    name,
    ...one,
    at: possible.findIndex(({ name }) => name === one.trap),
  }));
  test.each(cases.filter(({ at }) => at >= 0))("$name", { timeout: 120_000 }, async ({ at, mutation }) => {
    await using neighbours = await openNeighbours([mutation].flat());
    const found: string[] = [];
    for (let seed = 1; seed <= 6 && found.length === 0; seed += 1)
      found.push(...(await neighbours.cycle({ turn: at, random: seeded(seed).fork(at) })).broken);
    expect(found.join("\n")).toMatch(
      /the stranger received a body or a token|connections reached the stranger/,
    );
  });

  test.skipIf(cases.every(({ at }) => at >= 0))(
    "some need a second user of the system, and root to be one",
    ({ skip }) => skip(`${cases.filter(({ at }) => at < 0).length} cases`),
  );
});

describe.skipIf(chromiumPath === "")("[faults.hostile-sees] a page that trusts too much is found out", () => {
  test.each([
    [
      "a wrong proof",
      { file: "page-key.ts", from: "if (proof !== expected) throw foreign(server);", to: "" },
    ],
    ["no proof", { file: "page-socket.ts", from: "challenge?.check(await answered.promise);", to: "" }],
  ])("it takes %s for the daemon's", { timeout: 60_000 }, async (_name, mutation) => {
    await using pages = await openPages([mutation]);
    const { broken } = await pages.play({ stop: "SIGKILL", answers: "imitates", user: "waits" });
    expect(broken.join("\n")).toContain("the page sent its page key to another program");
  });
});
