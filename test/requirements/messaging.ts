import { comms, foundation, hardened, people, type Requirements, trust } from "./requirement.js";

/** Interactions, inboxes, sessions and streams of one daemon. */
export const messaging: Requirements = {
  "comms.admission": foundation(
    "A full inbox refuses with a time to wait, counts sends under way, and still knows repeated keys.",
  ),
  "comms.answer-always": trust(
    "An answer is delivered when it is appended to its interaction and ends it at once, whatever the asker's inbox, policy or session does.",
  ),
  "comms.answer-copies": trust(
    "An inbox lists the newest 256 copies of answers; an older one leaves the list, is no dead letter and changes no receipt, and nothing else is ever evicted.",
  ),
  "comms.answer-crash": trust(
    "Wherever the daemon stops, an acknowledged answer has ended its interaction, and its copy comes once.",
  ),
  "comms.answer-old-store": trust(
    "A store whose inboxes an earlier daemon filled with answers lists the newest of them, and the hosts that waited go on.",
  ),
  "comms.attempts": comms(
    "A command whose hosts are always gone is given out so often and no more; giving back does not count.",
  ),
  "comms.cancel": comms(
    "A sender ends what no host has yet; a host that has it is told, also while it is busy, and decides.",
  ),
  "comms.crash": foundation(
    "A stop or fault at any write loses nothing acknowledged, doubles nothing and leaves no gap.",
  ),
  "comms.cursor": foundation(
    "A session is read from now on unless told otherwise; a cursor in the future is refused.",
  ),
  "comms.dead-letters": comms(
    "What ended without its work done is listed, bounded, retried once or dropped, also over restarts.",
  ),
  "comms.delivery": comms("A receipt tells the state that is on disk, and a repeat tells the same."),
  "comms.delivery-crash": comms(
    "Wherever the daemon stops, each delivery moves once, and no dead letter is lost or doubled.",
  ),
  "comms.dismiss": people(
    "A message or an answer that no host has claimed is dismissed once and is complete for its sender; a claimed one is `fence_stale`, and a request names the commands that answer it.",
  ),
  "comms.dismiss-races": people(
    "A dismissal and a claim, an answer, a cancel or a release of the same interaction leave one end, also over a restart and a write that fails.",
  ),
  "comms.done-with": comms("What expects no answer is done with by a completed, and nobody gets a copy."),
  "comms.ending-in-flight": trust(
    "What would be refused by an end in flight waits until that is known: an end that is not written refuses nothing, and while one may be written no other answer is accepted.",
  ),
  "comms.fast-answer": foundation("An answer that came before its reader waits for it."),
  "comms.handling": comms("What steers is offered before what is queued, each in its order."),
  "comms.held": comms("What a policy holds waits for a decision: listed, released once, refused or expired."),
  "comms.idempotency": foundation(
    "The same key gives the first receipt, another body a conflict, also after a restart.",
  ),
  "comms.identity": comms("A name whose owner changed is not sent to when the sender named the owner."),
  "comms.implicit-session": foundation("A caller without a session has one that can be answered."),
  "comms.inbound-policy": comms("What a peer refuses is not listed and is not sent; what it holds is both."),
  "comms.inbox-list": people(
    "An inbox is listed without claiming: sender, time, kind, text, state and cursor, in bounded pages, answers beside their questions, on every surface but MCP tools.",
  ),
  "comms.inbox-notice": people(
    "Results of `peers` and `send` carry how much waits in the caller's inbox and since when, on every surface: as it is when the answer is sent, in no stored receipt, without a read of the store.",
  ),
  "comms.inbox-view": comms(
    "An inbox can be looked into, page by page, without anything being taken or marked.",
  ),
  "comms.inbox-wait": people(
    "A listing that would be empty waits for its first item as long as it is asked to, and ends when the caller leaves or the session is closed.",
  ),
  "comms.inbox-watch": comms("Who watches an inbox is told of what comes in, and of the session's end."),
  "comms.ingested": comms(
    "The host's first event, answer or result makes a command its own, once; draining does not.",
  ),
  "comms.input-owner": comms("Only who may use a session feeds it."),
  "comms.input-source": people(
    "Each surface's document shows the one source of an input that the surface accepts, as text and as example; another value is refused by its name.",
  ),
  "comms.interaction-id": foundation("An interaction's id tells the session that holds its log."),
  "comms.key-ttl": comms(
    "An idempotency key is remembered as long as its command may wait, and a day at least.",
  ),
  "comms.letter-before-forgotten": trust(
    "An interaction that ended as a dead letter is forgotten only when the letter is written.",
  ),
  "comms.letter-decisions": trust(
    "Of a retry and a drop of one dead letter at the same time the first takes effect, and both callers receive which.",
  ),
  "comms.loops": comms(
    "Two sessions that only answer each other are slowed, those that only repeat themselves sooner.",
  ),
  "comms.lost-entry": hardened("A log that lost an entry is refused; nobody waits for it for ever."),
  "comms.peers": foundation(
    "Peers are listed by the resolver of send, sorted, without oneself, under a rising generation.",
  ),
  "comms.presence": foundation("A session that nobody holds is online while its log is followed."),
  "comms.question-answer": people(
    "An answer to a host's question reaches the host as part of its interaction, in order, whatever the host has room for or refuses.",
  ),
  "comms.question-durable": people(
    "A question, its answer and the refusal of a second answer survive a kill and the trimming of events.",
  ),
  "comms.question-errors": people(
    "An answer to no question, to an interaction that ended, or from another session than the asker is a typed error.",
  ),
  "comms.question-once": people(
    "A question has one answer: another one is `question_answered`, and a repeat with its key gives the first receipt.",
  ),
  "comms.repair-mutual": hardened("Two sessions that owe each other an answer at a start are both repaired."),
  "comms.repair-turns": hardened(
    "A send after a start waits for its own inbox, not for the repair of others.",
  ),
  "comms.repeat-in-flight": trust(
    "A repeat that comes while its first try is in flight joins it: an id is issued once at a time, and both callers get the same answer.",
  ),
  "comms.reservation": foundation("The reservation's five states move as the table says."),
  "comms.reservation-cleanup": foundation("However a stream ends, nothing of it is left behind."),
  "comms.reservation-final": comms("An end state is one after a restart too, and is told as it was."),
  "comms.reservation-orders": comms(
    "In every order of reserving, attaching, closing, ending, time, drops and restarts the daemon answers as the table says and leaves nothing behind.",
  ),
  "comms.reservation-orders-self-test": comms("A reservation table with one rule changed is found out."),
  "comms.reservation-races": foundation(
    "In every interleaving one end state is reached at most once and stays.",
  ),
  "comms.reservation-sockets": comms(
    "Over WebSockets and server-sent events readers meet the same reservation, move for move.",
  ),
  "comms.reservation-ttl": foundation("A reservation runs out after its time; the log stays readable."),
  "comms.response": foundation(
    "An answer ends its interaction once and reaches the asker by stream or inbox.",
  ),
  "comms.response-errors": foundation("Only the session that was asked answers, and only to who asked."),
  "comms.rest": hardened(
    "Inboxes that nobody has to do with leave the memory; claims, reservations, counts and retention go on as they were.",
  ),
  "comms.resume": foundation(
    "A dropped connection gives the reservation back and the reader goes on where it was.",
  ),
  "comms.resume-at-end": comms("Who resumes behind the terminal event hears the end at once."),
  "comms.retention": foundation("An ended interaction can be read for its time, then it is gone."),
  "comms.retention-age": comms(
    "Events go after a day, but not before their interaction is over and has had its time to be read.",
  ),
  "comms.revoked": foundation("The end of the credentials ends the stream."),
  "comms.routes": comms(
    "Each kind takes the first way to the peer that carries it; another peer of the name gets nothing instead.",
  ),
  "comms.self": foundation("Nobody sends to itself unless it says so."),
  "comms.send-errors": foundation("What cannot be sent says why."),
  "comms.send-kinds": foundation("Each kind of command waits in the recipient's inbox as it was said."),
  "comms.sender-rate": comms(
    "A session sends to another at a rate; what is too much is refused with the time after which it is not.",
  ),
  "comms.sequences": foundation(
    "Sequences are contiguous and the same for every reader under concurrent emitters.",
  ),
  "comms.single-reader": foundation("An interaction has one reader, which can be superseded by name."),
  "comms.stream-close": foundation("Closing belongs to the connection, may be repeated, and is for good."),
  "comms.stream-live": foundation("A reader sees what is kept, then what comes, then the end."),
  "comms.stream-permission": foundation(
    "A session's log is for its principal; an interaction's also for who asked.",
  ),
  "comms.stream-restart": foundation("After a restart a reservation waits again and nothing is lost."),
  "comms.stream-slow": foundation("A reader far behind is served from the store without a gap."),
  "comms.trim-crash": foundation("Old events go without damage wherever the daemon stops."),
  "comms.trim-in-flight": trust(
    "A trim notes only what is durable, so that an event in flight is written after a crash all the same.",
  ),
  "comms.truncated": foundation("What retention took is told to the reader."),
  "comms.truthful": foundation("Send reaches every peer and kind that peers lists."),
  "comms.ttl": comms(
    "What no host made its own in its time expires once; setting the wall clock moves nothing.",
  ),
  "comms.unknown-outcome": comms(
    "A send whose append's outcome is unknown looks it up: no failure is told, nothing is doubled.",
  ),
  "comms.unknown-overtaken": hardened(
    "Of two appends under one id, the one whose first try was lost learns of the other.",
  ),
  "comms.unread-cap": comms(
    "Of one sender only so much waits in an inbox; answers and inputs are not counted, and a repeat finds its first.",
  ),
  "field.ambiguous-send": comms(
    "A send of uncertain outcome is never told as failed and delivered twice: its repeat with the same key is the same message.",
  ),
  "field.consent": comms("Recipients consent before, one sender cannot flood, and loops are slowed."),
  "field.dead-letters": comms("What could not be delivered is listed, and can be tried again or dropped."),
  "field.disconnect": comms("Work survives the asker's disconnect, and its answer waits."),
  "field.drain-cut": comms(
    "A drain that is cancelled or a host that is replaced loses neither messages nor their order.",
  ),
  "field.durable-stream": comms("Streams are read from a durable log."),
  "field.fan-in": comms("Fan-in to a busy host loses no accepted message."),
  "field.full-inbox": comms(
    "Who meets a full inbox is told at once; no missed wake keeps a later sender out.",
  ),
  "field.ghosts": comms("Hosts that died are no live peers."),
  "field.identity": comms("Who a name belongs to can be checked before sending."),
  "field.name-route": comms(
    "Nobody takes a held name's route silently, and a refusal leaves nothing behind that outlasts the holder.",
  ),
  "field.name-shadow": comms("A display name, a label or a reused name gets nobody else's messages."),
  "field.no-wake": comms("What is no work wakes no host, and a wait can be interrupted."),
  "field.one-view": comms("Listing and sending ask one resolver: their views cannot disagree."),
  "field.order": comms("One rising sequence per scope orders its events for every reader."),
  "field.rearm": comms("A host's death parks no sender for ever, and another host takes up its work."),
  "field.receipt-truth": comms(
    "A receipt says delivered when the command is in the inbox and ingested when the host made it its own, not before.",
  ),
  "field.result-once": comms("The body of a tool's result is in one event."),
  "field.resume": comms("A stream is resumed from the last seen event."),
  "field.safe-retry": comms("The first message can be repeated safely with its key."),
  "field.sleeping-agent": comms("A sleeping agent keeps its address and mailbox, and what comes wakes it."),
  "field.slow-reader": comms(
    "A burst that a reader does not keep up with halts neither the durable log nor other readers.",
  ),
  "field.turn-ids": comms("Every event of a turn carries the id that its emitter minted."),
  "field.unknown-peer": comms("An unknown peer is a typed 404, never a failure of the daemon."),
  "field.viewers": comms("A session has many viewers; streams can be separated by interaction."),
  "field.wedged-peer": comms("A peer that takes nothing holds up nobody else."),
  "host.ephemeral": people(
    "Hosts of the CLI and of both SDKs can be ephemeral: the session is closed at their end, after kill -9 when the lease is over, and stays over an outage of the daemon.",
  ),
  "seed003.accept-stream-lifecycle": comms(
    "A stream's life is deterministic by its stream id and its owner.",
  ),
  "seed003.accept-truthful": comms("For every listed peer and kind send does not fail as unresolved."),
  "seed003.m3": comms("One resolver serves send and peers: what is listed can be sent to."),
  "seed003.m4": comms(
    "The reservation's state machine is deterministic under races of attach, close, terminal and timeout.",
  ),
  "seed003.m5": comms(
    "sendAndStream fails at stage send with nothing accepted, or at stage stream_attach with the receipt kept and the reservation free at once.",
  ),
  "seed003.m6": comms(
    "The in-process TypeScript core sends, streams, lists peers, sends and streams in one, drains, and hands out each stream's sender once.",
  ),
  "sessions.answered-once": foundation(
    "An answered interaction is not offered again when its host vanishes.",
  ),
  "sessions.claim-expiry": foundation(
    "An expired claim returns to the head with one more attempt; emits renew it.",
  ),
  "sessions.claim-restart": foundation("A claim lives on over a restart with a fresh time."),
  "sessions.claim-revived": trust(
    "A claim that has run out counts again when its host is heard, until another claim takes the interaction, another holder takes the name, or the interaction ends.",
  ),
  "sessions.close": foundation("Closing ends what waits and frees the name."),
  "sessions.connection": foundation("A lease lives and dies with the WebSocket that opened it."),
  "sessions.drain": foundation("Interactions are claimed oldest first, each by one host."),
  "sessions.drain-claims": trust("A drain renews the claims that it names before it offers anything."),
  "sessions.drain-large": hardened("A claim has fewer interactions when they are large."),
  "sessions.drain-renews": foundation(
    "A waiting drain keeps the lease alive, and a late holder comes back with its token.",
  ),
  "sessions.drain-repeat": trust(
    "A drain that is repeated with its claim token returns the same batch, also after a restart and while the first is being written.",
  ),
  "sessions.drain-wait": foundation(
    "A drain waits for the first one, for its time, or until its caller is gone.",
  ),
  "sessions.emit": foundation("A batch of events is appended in order and renews the claim."),
  "sessions.emit-errors": foundation("Emitting needs the claim, a known interaction and room."),
  "sessions.emit-idempotency": foundation(
    "A repeated key appends nothing twice, also side by side and after a restart.",
  ),
  "sessions.ephemeral": people(
    "An ephemeral session is closed when its holder leaves: at once when it lets go, else when its lease is over, also over a restart of the daemon; a holder that comes back in time keeps it.",
  ),
  "sessions.expired.restart": foundation("A lease that ran out does not come back with the daemon."),
  "sessions.fence": foundation("The fence rises with each holder and voids what the one before had."),
  "sessions.fence-own": comms("A holder is told its own fence, whoever takes the name a moment later."),
  "sessions.inbound-policy": comms(
    "A session says what it does with each kind of command; it is stored, shown, and changing it is a change of the directory.",
  ),
  "sessions.letters-access": comms(
    "Only who may use a session sees and decides what it holds back and what died in it.",
  ),
  "sessions.list": foundation("Sessions are listed by name with what waits for them."),
  "sessions.local": foundation("The local user may take any offline name."),
  "sessions.one-holder": foundation("Two live sessions cannot share a name; the holder's repeat renews."),
  "sessions.one-inbox": people(
    "The user at the unix socket and at the console is one session, `user-local`; what waits in `user-console` of an earlier store moves there once, at start, and a kill at any write of that loses and doubles nothing.",
  ),
  "sessions.open": foundation("Opening a name makes a session and a lease on it."),
  "sessions.principal": foundation("A name belongs to its principal until it is closed."),
  "sessions.release": foundation("A lease of no time lets go of the name at once and keeps the inbox."),
  "sessions.release.renew": foundation("Who let go can wait for work and take the lease up again."),
  "sessions.replaced": comms("A closed session whose name has another leaves the memory after its time."),
  "sessions.restart": foundation("After a restart the holder's token still works and others wait."),
  "sessions.revived": hardened(
    "A holder that came back after its lease had ended keeps the name over a restart.",
  ),
  "sessions.settle-dead": foundation("A dead outcome fails the interaction with its reason."),
  "sessions.settle-done": foundation("A done outcome completes with result and usage; repeating it is safe."),
  "sessions.settle-errors": foundation("Settling needs the claim that is in force."),
  "sessions.settle-once": hardened(
    "Repeats of a settlement that overtake each other settle once and take nothing from the next host.",
  ),
  "sessions.settle-retry": foundation(
    "A retried interaction is offered again, not before its time, also over a restart.",
  ),
};
