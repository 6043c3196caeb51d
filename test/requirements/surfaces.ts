import { comms, foundation, hardened, people, type Requirements, trust } from "./requirement.js";

/** REST, JSON-RPC and MCP. */
export const surfaces: Requirements = {
  "field.both-wires": comms("WebSocket and server-sent events carry the same stream."),
  "field.conformance": comms("MCP's conformance suite runs against the daemon."),
  "field.error-numbers": comms("Error numbers keep clear of those that others have taken."),
  "field.mcp-accepts": comms("Over MCP send returns at acceptance; the end of its response cancels nothing."),
  "field.one-tool": comms(
    "The one send tool says per kind what it takes, and tells every mistake by its field.",
  ),
  "field.push": comms("What comes for an agent is pushed to it as a resource's updates."),
  "field.stateless-mcp": comms("MCP's stateless revision is served beside the one with sessions."),
  "mcp.always": people(
    "`parley mcp` answers what a client asks when it starts whatever is wrong, reports in instructions and results what it is, and serves as soon as it can: daemon down, names taken, predecessor killed, places and credentials unusable.",
  ),
  "mcp.batch": foundation("Batches belong to the one revision that had them."),
  "mcp.bridge-outage": trust(
    "While the daemon is away, what an agent sends through `parley mcp` waits, up to 8 MiB and two minutes, and is delivered in its order, each once.",
  ),
  "mcp.client": foundation("The official client finds exactly two tools, calls both and gets typed errors."),
  "mcp.client.stateless": foundation(
    "The official client of the stateless revision does too; left to choose, it finds the stateless revision.",
  ),
  "mcp.conformance": comms(
    "With the suite's fixture every scenario passes that both newest revisions of MCP require.",
  ),
  "mcp.conformance.production": comms(
    "As it is the daemon fails what is listed with its reason, and nothing else; docs say so.",
  ),
  "mcp.fuzz": foundation("Any message is answered by one well-formed body or taken without one."),
  "mcp.http": foundation("Only POST with JSON is served, and the version header must name a revision."),
  "mcp.inbox": comms("The official client lists, reads and pages its inbox, and nothing of it is marked."),
  "mcp.inbox.closed": comms("The end of a watched session is told to who watches its inbox."),
  "mcp.inbox.errors": comms(
    "An inbox that is not there or not allowed, and a cursor that is none or lies in the future, are told as such.",
  ),
  "mcp.inbox.listen": comms(
    "A listener of the stateless revision hears of what comes in, under its request's id.",
  ),
  "mcp.inbox.revoked": comms("The end of the credentials ends every subscription."),
  "mcp.inbox.slow": comms(
    "A client that takes nothing is owed one notification for each resource, however much comes in.",
  ),
  "mcp.inbox.stateless": comms(
    "The client of the stateless revision reads its inbox and is told how long to keep what.",
  ),
  "mcp.inbox.subscribe": comms("A subscriber hears of what comes in, until it unsubscribes."),
  "mcp.initialize": foundation(
    "A client that asks for is offered; the server says which contract it speaks and how to use it.",
  ),
  "mcp.inspector": foundation("The MCP Inspector lists exactly two tools."),
  "mcp.inspector.inbox": comms("The MCP Inspector lists the inbox and reads it."),
  "mcp.invalid": foundation("Is a protocol error."),
  "mcp.mcp-session": comms(
    "A session of MCP ends by DELETE, is its principal's own, and belongs to the older revisions.",
  ),
  "mcp.mcp-session.limits": comms(
    "Subscriptions and sessions have limits with a typed refusal; sessions that nobody listens to make room.",
  ),
  "mcp.mcp-session.restart": comms(
    "A session of an earlier daemon goes on, and is told of its own inbox at once.",
  ),
  "mcp.mcp-session.streams": comms(
    "What came while no stream was open, or on one that is gone, is told on the next.",
  ),
  "mcp.method": foundation("What the server does not have is not found; pings and lists are answered."),
  "mcp.notification": foundation("Notifications are taken without a word."),
  "mcp.session": foundation("The Parley-Session header says whom the call acts as."),
  "mcp.start": people(
    "`parley mcp --start` starts the daemon when none runs, and each call reports why it does not start.",
  ),
  "mcp.stateless": foundation(
    "Discover, list and call answer without any handshake and name the server each time; what the revision no longer has is 404.",
  ),
  "mcp.stateless.headers": foundation(
    "In the headers is refused; a name may travel encoded; a missing session id and an unknown one are both ignored.",
  ),
  "mcp.stateless.meta": foundation("A request that does not say what it speaks is malformed."),
  "mcp.stdio": foundation("Over the unix socket messages pass that never had headers: the stdio bridge's."),
  "mcp.stdio-bridge": foundation(
    "An agent behind `parley mcp` is the session that it names, sends as it, and survives a daemon restart.",
  ),
  "mcp.stdio-inbox": comms(
    "An agent behind `parley mcp` reads and watches its inbox with the official clients of both eras, also after a kill of the daemon.",
  ),
  "mcp.stdio-remote": comms(
    "A bridge to a daemon that is reached over TCP repeats in headers what its messages say.",
  ),
  "mcp.tool_error": foundation(
    "Arguments that miss or exceed the wrapper are told as such; a failure inside the daemon shows no cause.",
  ),
  "rest.auth": foundation(
    "The unix socket needs none; public operations need none, and stale ones do not harm.",
  ),
  "rest.body-room": hardened("Bodies under way have a common limit, and room comes back with each answer."),
  "rest.cancel": foundation("A client that goes away cancels its call."),
  "rest.connections": foundation(
    "Connections over the limit are told so and closed; the first and the unix socket go on.",
  ),
  "rest.console": foundation(
    "The page is public, and fenced by its headers; is nothing; a folder that is missing is no crash.",
  ),
  "rest.context": foundation("Session, trace and surface reach the handler."),
  "rest.contract": foundation("Another contract is told before anything else of the request."),
  "rest.docs": foundation(
    "The document as committed and an explorer over it are public, with the same security headers as the console.",
  ),
  "rest.errors": foundation(
    "An error costs the connection only when a body is left unread; a handler's error keeps its details; a limit says when to come back.",
  ),
  "rest.head": foundation("HEAD tells what GET would."),
  "rest.host": foundation("Host and Origin come before credentials, on every path and method."),
  "rest.http-errors": foundation("Bytes that are no HTTP get a typed answer; too many headers get 431."),
  "rest.idempotency-key": foundation("The header is the key; another one in the body is a mistake."),
  "rest.listen": foundation("Both listeners lead to one handler that can tell them apart."),
  "rest.metrics": foundation("The configuration may open the metrics, and them alone."),
  "rest.one-target": hardened(
    "A request names one host and one path, or is refused before anything is served.",
  ),
  "rest.other-protocols": people(
    "A request that offers another protocol than WebSocket (Java offers h2c with each) is answered as if it had not.",
  ),
  "rest.path": foundation("Path fields are part of the request, decoded; [rest.method.toLowerCase()]."),
  "rest.port": foundation("A taken port leads to the next one, but only when there is one to try."),
  "rest.query": foundation(
    "Query fields are read by their declared type, unions flattened, without coercion.",
  ),
  "rest.query-errors": foundation("Unknown, repeated and undecodable fields are told together, sorted."),
  "rest.query-types": foundation("Is no whole number and stays text; is no truth value and stays text."),
  "rest.raw": foundation("Each byte route is served, guarded and limited as its declaration says."),
  "rest.schemathesis": foundation("Schemathesis finds no failure on the running daemon."),
  "rest.sign-in": foundation(
    "A page trades its ticket for cookie and page key, once, and signs out with both; everything else is refused.",
  ),
  "rest.size": foundation("A body over the limit is refused, announced or not."),
  "rest.slow-headers": foundation("A client that never finishes its head is cut with 408."),
  "rest.socket-mode": foundation("Socket and folder belong to the user alone, whatever the mask says."),
  "rest.socket-path": foundation("A path too long for the system is refused with its length and the limit."),
  "rest.socket-stale": foundation(
    "What a crash left behind is replaced; a living daemon and foreign files are not.",
  ),
  "rest.sse": foundation("The opening, each event with its sequence, the closing."),
  "rest.sse-backpressure": foundation(
    "A client that does not read stops the reading of the log, and misses nothing.",
  ),
  "rest.sse-cancel": foundation("A client that goes away ends the stream's call and its generator."),
  "rest.sse-errors": foundation(
    "Is an ordinary answer; a failure below is the closing's reason, its cause stays in the log.",
  ),
  "rest.sse-heartbeat": foundation("Silence is filled with comments every ten seconds."),
  "rest.sse-resume": foundation("The request with."),
  "rest.sse-revoke": foundation("Credentials that end close their streams and say so."),
  "rest.status": foundation("The contract's status is used."),
  "rest.stop": foundation("Closing waits for answers under way, then cuts what is left."),
  "rest.stream-json": foundation(
    "A bounded read as one document; a list that broke in the middle does not look whole.",
  ),
  "rest.unary": foundation("An answer carries the contract, the request id and nothing cacheable."),
  "rest.upgrade": foundation("An upgrade elsewhere is refused; a known path gets the socket."),
  "rpc.backpressure": foundation("A client that does not read its answers is not read either."),
  "rpc.batch": foundation(
    "A batch is answered by one array without its notifications; a batch without requests is not answered; an empty or a too long one is one error.",
  ),
  "rpc.call": foundation("A request is answered under its own id, whatever its type."),
  "rpc.cancel": foundation("A cancelled request still answers, with -32800."),
  "rpc.contract": foundation(
    "Another contract is told what to upgrade, however old the frame, and gets nothing else.",
  ),
  "rpc.discover": foundation("Rpc.discover returns the OpenRPC document."),
  "rpc.drop": foundation("A dropped connection cancels its calls, and its end is told."),
  "rpc.error": foundation("A failure carries the code's number and the one error payload."),
  "rpc.frame": foundation(
    "A frame above the limit ends the connection with 1009; ill-formed UTF-8 ends the connection with 1007.",
  ),
  "rpc.fuzz": foundation(
    "Any frame is answered typed or passed over, and the connection still works; bytes that are no WebSocket frames end the connection and nothing else.",
  ),
  "rpc.heartbeat": foundation(
    "A client that answers pings stays; one that falls silent is cut after two; a slow client that takes what waits for it is alive, though it answers no ping.",
  ),
  "rpc.in_flight": foundation("Ids in flight are unique, and there are at most so many."),
  "rpc.initialize": foundation(
    "The connection acts as the session that initialize bound; the upgrade's Parley-Session is the session until then; what a client pipelines behind initialize already acts as the new session.",
  ),
  "rpc.invalid": foundation(
    "Is no request, and the details say why; an id that would come back changed is refused.",
  ),
  "rpc.method": foundation("An unknown method is told by name; unknown."),
  "rpc.notification": foundation("A notification is carried out and never answered."),
  "rpc.order": foundation("Calls reach their handlers in the order of their frames."),
  "rpc.parse": foundation("Bad JSON and binary frames are answered typed, and the connection lives on."),
  "rpc.post": foundation("POST answers one message or a batch, never a stream."),
  "rpc.revoked": foundation("Ended credentials end streams and the connection with 4401."),
  "rpc.safe-methods": people(
    "Only POST runs a call at `/rpc`: GET and every other method are answered with 405 and Allow, and nothing happens.",
  ),
  "rpc.shutdown": foundation(
    "Streams close with shutdown, calls in flight finish, waits end, then 1001; a call that does not finish, and a client that does not close, hold it up only so long.",
  ),
  "rpc.stream.backpressure": foundation(
    "Nothing is pulled ahead of a client that does not read, and nothing is lost.",
  ),
  "rpc.stream.drop": foundation("A dropped connection ends its streams; so does cancelling the opening."),
  "rpc.stream.error": foundation("A stream that fails is closed with the error's code."),
  "rpc.stream.fair": foundation("A long replay lets other calls in between."),
  "rpc.stream.limit": foundation("A connection holds at most so many streams, and a closed one makes room."),
  "rpc.stream.open": foundation("A stream that cannot be opened is an error answer."),
  "rpc.stream.order": foundation("The answer to the opening comes before the first event, the closing last."),
  "rpc.text-frame": hardened("A text frame is byte for byte what RFC 6455 says."),
  "rpc.upgrade": foundation(
    "A refused upgrade is a typed HTTP error; a handshake that is none is refused typed; the handshake tells the contract, and only our subprotocol is taken.",
  ),
  "rpc.upgrade-version": people(
    "An upgrade to a version of WebSocket that is not supported is answered with 426 and the version that is, on every path.",
  ),
  "seed003.accept-only-three": comms("All surfaces expose only send, stream and peers."),
  "seed003.gate-initialize": comms("RPC's initialize lists no event/push."),
  "seed003.gate-mcp-tools": comms("The MCP tool list is exactly send and peers."),
  "seed003.m10": comms("MCP has exactly the tools send and peers."),
  "seed003.m11": comms(
    "REST has /comms/send, /comms/peers and /comms/stream as server-sent events, and no legacy route.",
  ),
  "seed003.m7": comms(
    "RPC has comms/send, peers, stream_open and stream_close with server-minted stream ids, and no event/push.",
  ),
  "surfaces.pump": hardened(
    "Events that are ready together leave together, and a full socket is brought none.",
  ),
  "surfaces.stalled-reader": hardened(
    "A connection that takes nothing of what waits for it is cut after half a minute; a slow reader stays.",
  ),
};
