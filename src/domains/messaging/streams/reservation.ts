import type { ErrorCode } from "../../../generated/errors.js";

/** Who may read an interaction's stream: at most one reader, and only until an end state. */
export type Reservation =
  | { readonly state: "reserved"; readonly until: number }
  | { readonly state: "attached"; readonly streamId: string }
  | { readonly state: EndState };

/** Final: nobody can attach any more. */
export type EndState = "completed" | "expired" | "closed_early";

export type ReservationEvent =
  | { readonly kind: "attach"; readonly streamId: string; readonly now: number; readonly resumeOf?: string }
  /** The reader has the terminal event. */
  | { readonly kind: "delivered"; readonly streamId: string }
  /** The reader said that it is done. */
  | { readonly kind: "close"; readonly streamId: string }
  /** The reader is gone without a word. */
  | { readonly kind: "drop"; readonly streamId: string; readonly now: number }
  | { readonly kind: "timeout"; readonly now: number };

export interface ReservationMove {
  readonly next: Reservation;
  /** Why an attach was refused. */
  readonly error?: Extract<ErrorCode, "not_reserved" | "already_attached" | "stream_timeout">;
  /** The stream that gave way to the new one. */
  readonly superseded?: string;
  /** An end state was reached by this move: free what the reservation held. True once in its life. */
  readonly ended: boolean;
}

/** A new reservation, made by the acceptance itself. */
export function reserve(now: number, ttlMs: number): Reservation {
  return { state: "reserved", until: now + ttlMs };
}

/** The one rule book: pure, one winner for each race, end states are final. */
export function moveReservation(
  current: Reservation,
  event: ReservationEvent,
  ttlMs: number,
): ReservationMove {
  const stay: ReservationMove = { next: current, ended: false };
  switch (current.state) {
    case "reserved":
      if (event.kind === "attach") {
        // Attach lost against the clock although the timer has not fired: it says so, and ends the reservation itself.
        if (event.now >= current.until)
          return { next: { state: "expired" }, error: "stream_timeout", ended: true };
        return { next: { state: "attached", streamId: event.streamId }, ended: false };
      }
      if (event.kind === "timeout" && event.now >= current.until)
        return { next: { state: "expired" }, ended: true };
      return stay;
    case "attached":
      if (event.kind === "attach") {
        if (event.resumeOf !== current.streamId) return { ...stay, error: "already_attached" };
        return {
          next: { state: "attached", streamId: event.streamId },
          superseded: current.streamId,
          ended: false,
        };
      }
      // A late word of a stream that was superseded or dropped changes nothing.
      if (event.kind === "timeout" || event.streamId !== current.streamId) return stay;
      if (event.kind === "delivered") return { next: { state: "completed" }, ended: true };
      if (event.kind === "close") return { next: { state: "closed_early" }, ended: true };
      return { next: reserve(event.now, ttlMs), ended: false };
    case "completed":
    case "expired":
    case "closed_early":
      return event.kind === "attach" ? { ...stay, error: "not_reserved" } : stay;
  }
}
