import { expect, test } from "vitest";
import { checkContract } from "./contract-check.js";
import type { ContractError } from "./contract-error.js";

test.each([
  [undefined, "0.3.0"],
  ["0.3.0", "0.3.0"],
  ["0.3.9", "0.3.0"],
  ["1.0.0", "1.7.2"],
])("[kernel.contract-check] client %s works with daemon %s", (client, server) => {
  expect(() => checkContract(client, server)).not.toThrow();
});

test.each([
  ["0.2.9", "0.3.0", "upgrade the client"],
  ["0.4.0", "0.3.0", "upgrade the daemon"],
  ["1.3.0", "0.3.0", "upgrade the daemon"],
  ["1.0.0", "2.0.0", "upgrade the client"],
  ["latest", "0.3.0", "the daemon speaks 0.3.0"],
  ["0.3", "0.3.0", "the daemon speaks 0.3.0"],
  ["", "0.3.0", "the daemon speaks 0.3.0"],
])("[kernel.contract-check] client %j does not work with daemon %s: %s", (client, server, hint) => {
  let error: ContractError | undefined;
  try {
    checkContract(client, server);
  } catch (thrown) {
    error = thrown as ContractError;
  }
  expect(error?.code).toBe("contract_mismatch");
  expect(error?.message).toContain(hint);
  expect(error?.details).toEqual([
    { field: "contract", issue: "invalid_value", expected: server, got: client },
  ]);
});
