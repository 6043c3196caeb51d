/** What `[server]` of a config file says of the daemon's address. */
export interface ServerSection {
  host?: string;
  port?: number;
  socket?: string;
}

/**
 * Reads the plain keys of `[server]`; whatever else the file holds is the daemon's to understand and to complain
 * about.
 */
export function readServerSection(toml: string): ServerSection {
  const section: ServerSection = {};
  let inServer = false;
  for (const line of toml.split(/\r?\n/)) {
    const header = /^\s*\[+([^\]]*)\]+/.exec(line);
    if (header) inServer = header[1]?.trim() === "server";
    if (!inServer) continue;
    const [, key, value = ""] = /^\s*(host|port|socket)\s*=\s*(.*)$/.exec(line) ?? [];
    const text = /^"((?:[^"\\]|\\.)*)"|^'([^']*)'/.exec(value);
    if (key === "port") {
      const port = /^\d+/.exec(value.replaceAll("_", ""))?.[0];
      // 0 lets the daemon choose: only its discovery file knows what.
      if (Number(port) > 0 && Number(port) < 65_536) section.port = Number(port);
    } else if ((key === "host" || key === "socket") && text !== null)
      section[key] = text[1] === undefined ? (text[2] ?? "") : unescapeBasic(text[1]);
  }
  return section;
}

function unescapeBasic(text: string): string {
  return text.replace(/\\(["\\])/g, "$1");
}
