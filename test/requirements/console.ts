import { comms, foundation, people, type Requirements, trust } from "./requirement.js";

/** The console's page. */
export const console: Requirements = {
  "console.cancel": comms("An interaction that waits or is in work can be cancelled from the console."),
  "console.contrast": comms("Every text of the console has the contrast of WCAG AA, dark and light."),
  "console.dead-letters": comms(
    "What ended without its work done is shown with the reason, and retried or dropped there.",
  ),
  "console.empty": comms("Where the console has nothing to show it says what to type."),
  "console.events": comms(
    "The live stream can be filtered by kind, text and interaction, and read and opened with the keyboard alone.",
  ),
  "console.foreign-port": trust(
    "While another program has the daemon's port, an open console states this and what to type, and does not scroll sideways at 400 pixels; it goes on, live streams included, when its daemon is back.",
  ),
  "console.held": comms(
    "What a session's policy holds is shown with its sender, and delivered or refused there.",
  ),
  "console.inbox": people(
    "The console shows the text of what waits in an inbox, the question beside each answer and beside each interaction, and takes off what was read; bounded, as text and not as markup, also at 400 pixels.",
  ),
  "console.keyboard": comms("Tabs, lists and decisions of the console can be used with the keyboard."),
  "console.live": foundation(
    "The console lists peers, sends, and shows an answer as it streams, as text only.",
  ),
  "console.narrow": foundation("The console works at 400 pixels without sideways scrolling, dark and light."),
  "console.page": foundation("The console works in a real browser."),
  "console.question": people("The console answers a host's open question with a text field."),
  "console.selection": people(
    "The console's To follows the selected session, and the list of sessions scrolls to it, at 400 pixels too.",
  ),
  "console.sign-in-hint": foundation("Without a ticket the console says how to sign in."),
  "console.sign-out": trust(
    "The console's button ends the session at the daemon and in every tab of the browser.",
  ),
  "console.survives-restart": foundation("The console goes on after a daemon restart without a reload."),
  "console.ten-thousand": comms(
    "With 10,000 events the page holds a screenful of rows, shows all of them and stays at the end.",
  ),
  "console.ticket": foundation(
    "The printed address signs a browser in once; the cookie is HttpOnly and SameSite=Strict.",
  ),
  "console.timeline": comms(
    "An interaction shows how far its command has come, and each step with its time.",
  ),
};
