import { backendConformance } from "../_conformance.js";
import { openMemory } from "./open-memory.js";

backendConformance("memory", {
  open: async (clock) => openMemory(clock ? { clock } : {}),
  runs: 300,
});
