import { backendConformance } from "../conformance.js";
import { openMemory } from "./open-memory.js";

backendConformance("memory", {
  open: async (clock) => openMemory(clock ? { clock } : {}),
  runs: 300,
});
