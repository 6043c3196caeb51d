import { expect, test } from "vitest";
import { withoutOutsideHosts } from "./explorer-files.js";

test.each([
  ['"https://validator.example.com/validator"', '"https://localhost/validator"'],
  ["see http://fb.example/use-check", "see http://localhost/use-check"],
  ["https://실례.example.com/", "https://localhost/"],
  ['src="https://cdn.example.com:8443/a.js"', 'src="https://localhost:8443/a.js"'],
  ['"http://www.w3.org/2000/svg"', '"http://www.w3.org/2000/svg"'],
  ["http://127.0.0.1:7433/docs", "http://127.0.0.1:7433/docs"],
  ["https://base$", "https://base$"],
  ["/^https?:\\/\\/[a-z]+\\./", "/^https?:\\/\\/[a-z]+\\./"],
])("[docs.local] %s becomes %s", (text, expected) => {
  expect(withoutOutsideHosts(text)).toBe(expected);
});
