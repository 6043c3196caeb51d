import { hash } from "node:crypto";

/** What is stored of a token: SHA-256 as base64url proves the token without telling it. */
export function tokenHash(token: string): string {
  return hash("sha256", token, "base64url");
}
