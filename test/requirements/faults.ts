import { comms, hardened, type Requirements, trust } from "./requirement.js";

/** Fault runs, fuzzing, abuse and overload, and the tests that show that these runs can fail. */
export const faults: Requirements = {
  "abuse.refused": hardened(
    "Whatever is sent is refused typed or cut, and nothing of it stays: memory, descriptors, streams.",
  ),
  "abuse.walk": hardened(
    "Every route with every method and upgrade refuses nobody, foreign Hosts and foreign Origins; the walk is red when a check is gone.",
  ),
  "faults.clock": hardened("Clock jumps of an hour, sleep and a stopped process let nothing expire wrongly."),
  "faults.clock-self-test": hardened("A daemon that counts by the wrong clock is found out."),
  "faults.hostile-sees": trust(
    "The run with hostile neighbours is red when a client trusts a file, a socket, a folder or a port too much, and when a page trusts what answers at its port.",
  ),
  "faults.kept-seeds": trust("Seeds that once broke the simulation hold."),
  "faults.kill-sees": hardened(
    "The kill run is red after a lost append, a doubled execution, a skipped sequence and a reused fence.",
  ),
  "faults.life-cycle": trust(
    "`stop && up`, `stop && restore`, `stop && backup` and `restart` succeed again and again with a host attached, and lose nothing.",
  ),
  "faults.life-cycle-sees": trust(
    "The loop over stops is red when a stop returns before the daemon has stopped.",
  ),
  "faults.linearizable": comms(
    "Of session names' leases and of reservations, many clients see over kills what one order of their calls explains.",
  ),
  "faults.linearizable-checker": comms(
    "The linearizability checker agrees with trying every order, on good and bad histories.",
  ),
  "faults.linearizable-models": comms(
    "A lease and a reservation, as histories are judged by them, know good from bad.",
  ),
  "faults.linearizable-sees": comms(
    "The linearizability run is red when a fence, a holder or a reader is told twice.",
  ),
  "faults.links": comms(
    "Links are cut at random frames and daemons die: every message and every result comes exactly once.",
  ),
  "faults.links-self-test": comms(
    "The run over cut links is red when something is acknowledged before it is stored, or taken twice, or not asked for again.",
  ),
  "faults.minutes": trust(
    "A fault run by time goes on from seed to seed, prints its cycles, and can be continued.",
  ),
  "faults.outages": trust(
    "Outages of the daemon under 20 busy hosts lose no completed work, double none unreported, and leave one terminal event of each interaction.",
  ),
  "faults.outages-self-test": trust(
    "The outage run is red for a host that takes an outage for a failure, and for lost, doubled or unended work.",
  ),
  "faults.power-loss-sees": hardened(
    "The power-loss run is red when synchronous is lowered, the disk lies, a receipt goes out early or an append is lost.",
  ),
  "faults.recovery-sees": hardened("The recovery run is red when a store was replaced by an empty one."),
  "faults.repeat-in-flight": trust(
    "The simulation and the model-based suites repeat calls while the first try is in flight, and find out a program that issues one twice or refuses it.",
  ),
  "faults.replay": hardened("The seed of a simulated world replays it step by step."),
  "faults.report": hardened("A fault run tells what it saw, what broke and what it left out."),
  "faults.seed": hardened("A fault run's printed seed repeats its choices."),
  "faults.simulation": hardened(
    "Whatever order clock, scheduler, storage and network take, nothing acknowledged is lost, done twice or out of sequence.",
  ),
  "faults.simulation-outages": trust(
    "The simulation stops, kills and restarts daemon and host, and finds out a host that loses or doubles work.",
  ),
  "faults.simulation-self-test": hardened(
    "The simulation finds out a lost append, a doubled execution and a skipped sequence.",
  ),
  "faults.streams": comms(
    "Readers racing for a stream with its end, its time and one another see one order, one end state, and every event once.",
  ),
  "faults.streams-sees": comms("The stream run is red when a reader, an event or an end is lost or doubled."),
  "faults.truthful": comms(
    "Peers lists what send reaches and nothing else, whatever becomes of sessions, policies and routes.",
  ),
  "faults.truthful-self-test": comms("A list that is not true is found out."),
  "fuzz.sees": hardened(
    "The judge of fuzzed answers is red on failures inside, silence, wrong verdicts, broken responses and disagreement.",
  ),
  "fuzz.typed": hardened(
    "Inputs made from the contract and mutated bring no crash, no internal error, no hang and no growth; REST, RPC and MCP judge them alike.",
  ),
  "overload.sees": hardened(
    "The overload run is red on requests that are cut, refused untyped or failed inside.",
  ),
  "overload.typed": hardened(
    "Ten times the capacity is refused typed; nothing is lost or silent, and memory is bounded.",
  ),
};
