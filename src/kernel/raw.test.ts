import { expect, test } from "vitest";
import { type RawHandler, type Routes, upgradesOf } from "./raw.js";

const serve: RawHandler = () => undefined;
const upgrade = (): void => undefined;

test("[house.byte-routes] a plane's routes compile only as the contract declares them", () => {
  const complete: Routes<"endpoints"> = { "endpoints.link": { serve, upgrade } };
  // @ts-expect-error a declared route has no handler
  const lacking: Routes<"endpoints"> = {};
  // @ts-expect-error the contract declares no such route
  const extra: Routes<"endpoints"> = { ...complete, "endpoints.knock": { serve } };
  // @ts-expect-error the route declares an upgrade
  const plain: Routes<"endpoints"> = { "endpoints.link": { serve } };
  expect([lacking, extra, plain].map((table) => Object.keys(table).length)).toEqual([0, 2, 1]);
});

test("[house.byte-routes] upgrades are found by the paths that the contract declares", () => {
  expect(upgradesOf({ "system.rpc": { serve, upgrade }, "system.mcp": { serve } })).toEqual({
    "/rpc": upgrade,
  });
});
