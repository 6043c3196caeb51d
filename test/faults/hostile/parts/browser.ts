import type { BrowserContext } from "playwright-core";
import { chromiumPath, openBrowser } from "../../../support/browser.js";
import { startDaemon } from "../../../support/daemon.js";
import { type Mutation, mutatedBundle } from "../../kit/mutated-bundle.js";
import { openConsole, openVictim, otherPort } from "../browser/other-port.js";
import { answers, type Move, samePort, users } from "../browser/same-port.js";
import type { CycleOptions, CycleResult, OpenPart, Part } from "../part.js";

/** Every so many turns the hostile server has a port of its own, which takes longer; else it has the daemon's. */
const otherPortEvery = 6;

export const part: Part = {
  name: "browser",
  // Each takes seconds, and all that differs are the moves of one page.
  every: 3,
  skipped: () =>
    chromiumPath === "" ? ["hostile servers in the browser: PARLEY_TEST_CHROMIUM names no Chromium"] : [],
  canRun: () => chromiumPath !== "",
  open: async () => {
    const { play, ...open } = await openPages();
    return { ...open, cycle: (options) => play(moveOf(options)) };
  },
};

/** What the hostile server of one cycle does; undefined for one on another port. */
function moveOf({ turn, random }: CycleOptions): Move | undefined {
  if (turn % otherPortEvery === 0) return undefined;
  const stop = random.pick(["SIGTERM", "SIGKILL"] as const);
  return { stop, answers: random.pick(answers), user: random.pick(users) };
}

/** `mutations` break the console's page on purpose, to see that the run is red then. */
export async function openPages(
  mutations: readonly Mutation[] = [],
): Promise<Omit<OpenPart, "cycle"> & { play(move: Move | undefined): Promise<CycleResult> }> {
  await using opened = new AsyncDisposableStack();
  const daemon = opened.use(await startDaemon());
  await openVictim(daemon);
  const browser = await openBrowser();
  opened.defer(() => browser.close());
  const { context } = browser;
  if (mutations.length > 0) opened.use(await servePage(context, mutations));
  const all = opened.move();
  return {
    async play(move) {
      if (move === undefined) {
        const page = await openConsole(daemon, context);
        const { figures, broken } = await otherPort(daemon, context, page);
        await page.close();
        return { counts: figures, broken };
      }
      const { figures, broken } = await samePort(daemon, context, move);
      const what = `${move.stop}, the program ${move.answers}, the user ${move.user}`;
      return { counts: figures, broken: broken.map((flaw) => `${what}: ${flaw}`) };
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/** Gives the browser a changed page in place of the daemon's. */
async function servePage(context: BrowserContext, mutations: readonly Mutation[]): Promise<Disposable> {
  const bundle = await mutatedBundle({ console: "console/main.ts" }, mutations);
  await context.route("**/assets/console.js", (route) =>
    route.fulfill({ path: bundle.path("console"), contentType: "text/javascript" }),
  );
  return bundle;
}
