import { comms, foundation, hardened, people, type Requirements, trust } from "./requirement.js";

/** The TypeScript and the Python SDK. */
export const sdks: Requirements = {
  "field.early-event": comms(
    "Events that come before the answer to a stream's opening are not lost, and the daemon sends none.",
  ),
  "field.tolerant-events": comms("Clients keep events of kinds that they do not know."),
  "py.host-question": people(
    "`turn.ask` of the Python hosts, sync and async, asks the sender and returns the answer, over outages; it ends with its timeout, a cancel, or the turn.",
  ),
  "py.resume-kill": comms(
    "The Python SDK, synchronous and asynchronous, goes on over kill -9 of the daemon in the middle of a stream, without gap or duplicate.",
  ),
  "py.strict-names": people(
    "The Python SDK converts no value into a boolean, also in types of the contract with a name of their own.",
  ),
  "sdk.browser": foundation("The TypeScript SDK works in Chromium with the console's cookie and page key."),
  "sdk.browser-errors": foundation("In a browser a mistake is the typed error of its code."),
  "sdk.browser-resume": foundation(
    "In a browser a stream goes on after kill -9 of the daemon without gap or duplicate.",
  ),
  "sdk.browser-send": foundation("In a browser the SDK sends, streams and lists peers."),
  "sdk.build": foundation("The bundle."),
  "sdk.calls": foundation(
    "Calls carry credentials, session, headers, timeouts and cancellation, and give raw responses.",
  ),
  "sdk.close-codes": people(
    "The TypeScript SDK's WebSocket fails with 1002 on a close code that RFC 6455 does not allow.",
  ),
  "sdk.discovery": foundation(
    "The client finds the daemon's socket by the discovery file, else in the usual places.",
  ),
  "sdk.errors": foundation("Every code is a class of its own under one base, with details and request id."),
  "sdk.examples": foundation(
    "The examples of both languages run as they are, also over a restart of the daemon.",
  ),
  "sdk.guards": foundation("The SDK's guards agree with the daemon's validators."),
  "sdk.handshake": foundation("Contract versions are compared at the first contact; a mismatch names both."),
  "sdk.host": foundation(
    "A host serves its session in order, renews what it holds, and survives restarts of the daemon.",
  ),
  "sdk.host-abort": trust(
    "A host that ends at once gives back what it works on, and does not wait for a daemon that is away.",
  ),
  "sdk.host-answered": trust(
    "A turn whose interaction was answered by other means learns of it, adds nothing, and leaves the inbox.",
  ),
  "sdk.host-buffer": trust(
    "While the daemon is away a turn keeps 8 MiB of events and pauses above that; nothing is dropped.",
  ),
  "sdk.host-outage": trust(
    "A host keeps working while the daemon is away, attaches again, and reports each event and outcome once and in order.",
  ),
  "sdk.host-question": people(
    "`turn.ask` of the TypeScript host asks the sender and resolves with the answer, over outages; it ends with its timeout, a cancel, or the turn.",
  ),
  "sdk.host-stop-away": trust("A host without work in flight stops at once, the daemon away or not."),
  "sdk.mcp-exchange": comms(
    "The TypeScript client passes messages of MCP on and reads what comes back as it comes, streams included.",
  ),
  "sdk.proxy-away": trust(
    "A gateway error without a payload means that the daemon is away, not that it failed.",
  ),
  "sdk.retries": foundation(
    "Calls are repeated only where their declared idempotency allows it, with one key.",
  ),
  "sdk.send-and-stream": foundation(
    "sendAndStream gives receipt and stream, or says at which stage it failed, with the receipt kept.",
  ),
  "sdk.socket-exchange": hardened(
    "A call on a connection of its own reads every form of reply, and never half of one.",
  ),
  "sdk.sse": foundation("The event stream parser takes any split of the bytes."),
  "sdk.sse-cases": people(
    "Both SDKs read event streams as the WHATWG format says, and alike: one set of cases, cut anywhere.",
  ),
  "sdk.sse-linear": people(
    "The time to read an event stream grows with its bytes alone, whatever its lines and the pieces it comes in.",
  ),
  "sdk.streams": foundation("Streams resume over cuts and restarts without gap or duplicate."),
  "sdk.types": foundation("Signatures."),
  "sdk.unknown-variants": foundation("Unknown variants keep narrowing and go round trip unchanged."),
  "sdk.web-socket": foundation(
    "The WebSocket client masks, joins fragments, answers pings and closes in order.",
  ),
  "seed003.gate-sdk-exports": comms("SDKs export nothing legacy."),
  "seed003.m9": comms(
    "Both SDKs have send, stream and send_and_stream, route events by stream id, and nothing legacy.",
  ),
  "ts.resume-kill": comms(
    "The TypeScript SDK goes on over kill -9 of the daemon in the middle of a stream, without gap or duplicate.",
  ),
};
