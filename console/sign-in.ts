/** Exchanges the ticket in the address for a cookie. The fragment never reaches a server by itself. */
export async function signInFromAddress(): Promise<string | undefined> {
  const ticket = new URLSearchParams(location.hash.slice(1)).get("t");
  if (ticket === null) return undefined;
  history.replaceState(null, "", location.pathname);
  const response = await fetch("/auth/sign-in", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ticket }),
  });
  if (response.ok) return undefined;
  const payload = (await response.json().catch(() => undefined)) as { message?: string } | undefined;
  return payload?.message ?? `The daemon answered ${response.status}.`;
}
