import { comms, people, type Requirements } from "./requirement.js";

/** Endpoints, and the links between daemons. */
export const federation: Requirements = {
  "endpoints.daemons": comms(
    "Real daemons pair, link, rotate and part by the command line, over kill -9, and say what went wrong.",
  ),
  "endpoints.keys": comms(
    "Keys rotate: paired daemons learn the new one from the old, which works until they have and a day beyond.",
  ),
  "endpoints.link": comms(
    "Paired daemons keep a link that nobody between them can read, change or repeat; it comes back by itself.",
  ),
  "endpoints.link-backoff": comms(
    "A daemon that is away is dialled with growing pauses of at most 30 seconds.",
  ),
  "endpoints.link-dead": comms("A link without a sign of life is given up; an idle one stays."),
  "endpoints.link-once": comms("When both daemons dial at once they keep the same one link."),
  "endpoints.link-strangers": comms(
    "Who does not prove a paired daemon's key, sends bad frames or says nothing is refused, and nothing else suffers.",
  ),
  "endpoints.link-version": comms(
    "A daemon of another contract version is told so, however its frames look.",
  ),
  "endpoints.pair": comms("Two daemons pair by a code; then each has the other's key."),
  "endpoints.pair-code": comms(
    "A pairing code works once, for 5 minutes and few wrong tries, and never crosses the wire.",
  ),
  "endpoints.remove": comms("Ending a pairing ends it on both sides, at once or when the other comes back."),
  "field.freshness": comms("An envelope that is old, from far ahead or seen before is refused."),
  "field.signed-bytes": comms(
    "Envelopes are signed as the bytes that are sent; an unknown field breaks no proof.",
  ),
  "link.ambiguous": comms(
    "A lost acknowledgement makes a delivery ambiguous until the other daemon says what it has; nothing is sent twice or wrongly called expired.",
  ),
  "link.away": comms(
    "While the other daemon is away commands wait durably in the outbox, over restarts of either side.",
  ),
  "link.cancel": comms(
    "Cancelling over a link ends here what never left, there what nobody has yet, and tells who has it.",
  ),
  "link.daemons": comms(
    "Agents on real daemons see each other, ask and answer; what they say survives kill -9 of both daemons.",
  ),
  "link.envelope": comms(
    "An envelope is proven by its signature over the bytes as sent; anything changed is refused.",
  ),
  "link.envelope-fresh": comms("An envelope is stale past its time, and when it is from far ahead."),
  "link.envelope-growth": comms("A field that only a later daemon knows does not break an envelope's proof."),
  "link.envelope-replay": comms("An envelope that was sent before is taken once, also after a restart."),
  "link.expired": comms("What never left the outbox expires in its time and is not delivered after."),
  "link.foreign": comms(
    "A paired daemon cannot speak for another, reach what it was not told of, or do harm by frames that make no sense.",
  ),
  "link.large": comms(
    "Whatever fits an inbox goes over a link and comes back, however many parts or levels it has.",
  ),
  "link.peers": comms(
    "Sessions of paired daemons are peers under their own and their daemon's name, also while that is away.",
  ),
  "link.question": people("A question and its answer cross a link, each once, over kills of either daemon."),
  "link.refused": comms(
    "What the other daemon refuses, holds or has no session for is told as such; the end of a pairing ends what waits.",
  ),
  "link.results": comms(
    "What came of a command is told to its sender's daemon once, over crashes of either side and however late.",
  ),
  "link.send": comms(
    "A command to a peer of another daemon is queued, delivered, answered and ended, in order and once.",
  ),
};
