import type { FaultRun } from "../kit/fault-run.js";
import { lifeCycles } from "./loop.js";

export const faultRun: FaultRun = {
  id: "r20",
  promise: "`stop && up`, `stop && restore`, `stop && backup` and `restart` succeed with a host attached.",
  long: 20,
  short: 3,
  run: lifeCycles,
};
