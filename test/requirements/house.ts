import { house as promise, type Requirements } from "./requirement.js";

/** The house: one library, domains as values, facts of the contract in the contract. */
export const house: Requirements = {
  "house.plane-facts": promise(
    "Order, title, text, wire and root methods of each plane are contract data; no emitter, SDK or document lists planes",
  ),
  "house.per-plane-files": promise(
    "Generated types have a file per plane in the daemon and in both SDKs; the import paths of the SDKs stay",
  ),
  "house.headers": promise(
    "Name, direction, form and text of HTTP headers are contract data, which the documents are made from",
  ),
  "house.keywords": promise(
    "Verbs that are keywords of Python fail the lint; reserved words of TypeScript are members of the SDKs",
  ),
  "house.byte-routes": promise(
    "Byte routes declare upgrade, media types, body limit, credentials and errors, which surfaces, documents and gates read; a declared route without its handlers, and a handler without a declared route, do not compile.",
  ),
  "house.stream-facts": promise(
    "Streams declare source, cursor, position, resume and follow fields and their last event; both SDKs read these, so that streams without scope, cursor or resume work as those with them.",
  ),
};
