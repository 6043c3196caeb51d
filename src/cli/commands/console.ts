import type { Command } from "commander";
import { withClient } from "../client.js";
import { note, paint, print, printJson } from "../output.js";

export async function printConsole(command: Command): Promise<void> {
  await withClient(command, async (client, options) => {
    const ticket = await client.system.createTicket();
    if (options.json) return printJson(ticket);
    print(ticket.url);
    note(paint("dim", "Open it within a minute; it works once."));
  });
}
