import { hash } from "node:crypto";

const remembered = new Map<string, string>();
const mostRemembered = 1024;

/**
 * What is stored of a token: SHA-256 as base64url proves the token without telling it. A holder shows the same token with
 * every call, so the last ones are not hashed again.
 */
export function tokenHash(token: string): string {
  let hashed = remembered.get(token);
  if (hashed === undefined) {
    hashed = hash("sha256", token, "base64url");
    if (remembered.size >= mostRemembered) remembered.clear();
    remembered.set(token, hashed);
  }
  return hashed;
}
