import { house as promise, type Requirements } from "./requirement.js";

/** The house: one library, domains as values, facts of the contract in the contract. */
export const house: Requirements = {
  "house.plane-facts": promise(
    "Order, title, text, wire and root methods of each plane are contract data; no emitter, SDK or document lists planes",
  ),
  "house.keywords": promise(
    "Verbs that are keywords of Python fail the lint; reserved words of TypeScript are members of the SDKs",
  ),
};
