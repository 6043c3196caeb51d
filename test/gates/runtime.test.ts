import { describe, expect, test } from "vitest";
import { declaredOperations } from "../../codegen/gates/declared.js";
import { legacyNames } from "../../codegen/gates/hard-cut.js";
import { requiredContract } from "../../codegen/gates/version.js";
import { initialize } from "../../src/domains/system/initialize.js";
import type { SystemPorts } from "../../src/domains/system/ports.js";
import { version } from "../../src/domains/system/version.js";
import type { CallContext } from "../../src/kernel/context.js";
import { startRest } from "../../src/surfaces/rest/_fixture.js";
import { methods } from "../../src/surfaces/rpc/methods.js";
import { root } from "./_tree.js";

const declared = declaredOperations(root);
const ports = { version: "0.3.0", requireSession() {} } as unknown as SystemPorts;
const principal = { name: "ann", kind: "local", scopes: new Set(), sessions: ["*"] };
const context = { principal, session: "user-ann" } as unknown as CallContext;

describe("[contract.version] what the running code says", () => {
  test("initialize and version name the contract", async () => {
    expect((await initialize(ports)({}, context)).contract).toBe(requiredContract);
    expect((await version(ports)({}, context)).contract).toBe(requiredContract);
  });
});

describe("[contract.surfaces] what the running code serves", () => {
  test("initialize lists the declared RPC methods and no legacy one", async () => {
    const listed = (await initialize(ports)({}, context)).methods;
    const wanted = declared.flatMap(({ rpc }) => rpc ?? []).sort();
    expect(listed).toEqual(wanted);
    expect([...methods.keys()].sort()).toEqual(wanted);
    expect(listed.filter((name) => legacyNames.includes(name))).toEqual([]);
  });

  test("the HTTP router leads every declared route to its operation, and no other", async () => {
    await using rest = await startRest();
    for (const { id, rest: route } of declared) {
      if (!route) continue;
      const path = route.path.replace(/\{\w+\}/g, "planner");
      const { status, json } = await rest.send(
        route.method,
        path,
        route.method === "POST" ? { json: {} } : {},
      );
      expect([404, 405], `${id} ${route.method} ${path} ${json?.code}`).not.toContain(status);
    }
    for (const path of ["/event/push", "/send", "/comms/send_message", "/messages"])
      expect((await rest.send("POST", path, { json: {} })).json.code).toBe("route_not_found");
    expect((await rest.send("DELETE", "/comms/send")).json.code).toBe("method_not_allowed");
  });
});
