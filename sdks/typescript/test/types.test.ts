import { describe, expectTypeOf, test } from "vitest";
import type { signIn } from "../src/browser.js";
import type {
  AgentEvent,
  Call,
  CommsCommand,
  CommsStreamEvent,
  createClient,
  EventStream,
  Interaction,
  Parley,
  PeerRequestCommand,
  RawResponse,
  SendReceipt,
  Session,
  SessionsOpenResponse,
  Turn,
  UnknownVariant,
} from "../src/index.js";

describe("[sdk.types] signatures", () => {
  test("of the client", () => {
    expectTypeOf<typeof createClient>().returns.toEqualTypeOf<Parley>();
    expectTypeOf<Parley["send"]>().parameter(0).toEqualTypeOf<CommsCommand>();
    expectTypeOf<Parley["send"]>().returns.toEqualTypeOf<Call<SendReceipt>>();
    expectTypeOf<Parley["sessions"]["open"]>().returns.resolves.toEqualTypeOf<SessionsOpenResponse>();
    expectTypeOf<Parley["peers"]>().parameter(0).extract<object>().toHaveProperty("timeout");
    expectTypeOf<Parley["stream"]>().returns.toEqualTypeOf<EventStream>();
    expectTypeOf<EventStream["closed"]>().extract<object>().toHaveProperty("reason");
    expectTypeOf<typeof signIn>().returns.resolves.toEqualTypeOf<boolean>();
  });

  test("of results and raw responses", () => {
    type Outcome = Awaited<ReturnType<Call<Session>["withResponse"]>>;
    expectTypeOf<Outcome["value"]>().toEqualTypeOf<Session>();
    expectTypeOf<Outcome["response"]>().toEqualTypeOf<RawResponse>();
  });

  test("narrow by kind, unknown variants included", () => {
    expectTypeOf<Extract<AgentEvent, { kind: "text_delta" }>>()
      .toHaveProperty("delta")
      .toEqualTypeOf<string>();
    expectTypeOf<Extract<AgentEvent, { kind: "$unknown" }>>().toEqualTypeOf<UnknownVariant>();
    expectTypeOf<Interaction["kind"]>().toEqualTypeOf<
      "input" | "peer_message" | "peer_request" | "peer_response"
    >();
    expectTypeOf<CommsStreamEvent["sequence"]>().toEqualTypeOf<number | undefined>();
  });

  test("have optional fields where the daemon has defaults, and open enums", () => {
    expectTypeOf<{
      kind: "peer_request";
      to: string;
      intent: string;
      params: null;
    }>().toExtend<PeerRequestCommand>();
    expectTypeOf<Session["state"]>().toEqualTypeOf<"live" | "offline" | "closed" | (string & {})>();
  });

  test("of a turn", () => {
    expectTypeOf<Turn["text"]>().toEqualTypeOf<(delta: string) => Promise<void>>();
    expectTypeOf<{ kind: "turn_completed" }>().toExtend<Parameters<Turn["emit"]>[0]>();
    expectTypeOf<{ kind: "interaction_complete"; result: null }>().not.toExtend<
      Parameters<Turn["emit"]>[0]
    >();
  });
});
