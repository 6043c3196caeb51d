import { comms, foundation, hardened, type Requirements } from "./requirement.js";

/** Dispatch, admission, validation and JSON bounds. */
export const kernel: Requirements = {
  "field.trace": comms("One trace goes along from the sender's call to the host and into the answer."),
  "kernel.admission": hardened(
    "More short calls than a plane has room for are refused typed with a time to wait; bursts are let in whole.",
  ),
  "kernel.authorise": foundation(
    "A session is allowed to its owner; an operation without a scope takes anybody.",
  ),
  "kernel.cancel": foundation("A cancelled call's handler ends by its signal."),
  "kernel.contract-check": foundation("Client works with daemon; client does not work with daemon :."),
  "kernel.deadline": foundation(
    "Whatever is added, removed and waited for: each expires once, in time, unless removed; a handler that takes too long is told and answered for; a call that ends in time leaves no timer.",
  ),
  "kernel.dispatch": foundation("The planes' tables become one by operation id."),
  "kernel.drain": foundation("Draining refuses new calls and waits for those under way."),
  "kernel.errors": foundation(
    "Carries the catalogue's text and flag; details and a whole number of milliseconds go along; one that is known already stays the same.",
  ),
  "kernel.errors-unknown": foundation(
    "Becomes without telling its text; an unknown failure is logged with its request id and not told.",
  ),
  "kernel.ids": foundation(
    "Ids are UUIDv7, unique and ordered, also within a millisecond and when its counter runs over; a child ends as its parent does; secrets have the length asked for and differ.",
  ),
  "kernel.json-bounds": hardened(
    "A JSON text that would hold the parser up is refused or cut before it is parsed.",
  ),
  "kernel.json-depth": foundation("Nesting of 64 levels passes, 65 does not, a million does not crash."),
  "kernel.json-hostile": foundation(
    "Deep nesting decodes without a crash and without pollution; a __proto__ key is refused wherever it lies; half a surrogate pair is no text; what would not arrive as it was sent is refused.",
  ),
  "kernel.json-size": foundation("The error names the limit."),
  "kernel.json-utf8": foundation("Bodies are strict UTF-8; ill-formed ones are refused typed."),
  "kernel.lived-time": hardened("Deadlines count the time that the process lived through, not its sleep."),
  "kernel.refusals": hardened(
    "Refusals that ask to come again are held back when there are many, so that those who do not wait leave time for others.",
  ),
  "kernel.validation-bounded": hardened(
    "No more mistakes are looked for in a request than are told, however many it has.",
  ),
  "kernel.validation-code": foundation("The operation says which code an invalid request has."),
  "kernel.validation-compiled": foundation("Validators that the build compiled are used, and tell the same."),
  "kernel.validation-defaults": foundation("Defaults are filled in before a handler sees the request."),
  "kernel.validation-details": foundation(
    "A text over its limit; a hundred thousand mistakes give a bounded, sorted answer.",
  ),
};
