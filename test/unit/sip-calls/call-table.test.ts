import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { limits } from "../../../src/config/limits.ts";
import type { Call } from "../../../src/sip-calls/call.ts";
import { CallTable, type CallTableOptions } from "../../../src/sip-calls/call-table.ts";
import type { SipSighting } from "../../../src/sip-calls/sip-sighting.ts";
import { second, sighting } from "../../support/sip-sighting.ts";

class Bench {
  nowMs = 0;
  readonly forgotten: Call[] = [];
  readonly table: CallTable;

  constructor(most: Partial<Pick<CallTableOptions, "callsMax" | "legsMax">> = {}) {
    this.table = new CallTable({
      clock: { monotonicMs: () => this.nowMs, wallMs: () => 0, random: () => 0 },
      onForgotten: (call) => this.forgotten.push(call),
      ...most,
    });
  }

  see(fields: Partial<SipSighting> = {}): Call | undefined {
    return this.table.observe(sighting(fields));
  }

  /** States after each of the messages of one call. */
  states(...messages: Partial<SipSighting>[]): (string | undefined)[] {
    return messages.map((fields) => this.see(fields)?.state);
  }

  get calls(): Call[] {
    return [...this.table.known()].filter(({ isChallenge }) => !isChallenge);
  }
}

const answer = (responseCode: number, cseqMethod = "INVITE") => ({ responseCode, cseqMethod });
const request = (method: string) => ({ method });

describe("a call", () => {
  test("is named by its tags, whichever side sent the message", () => {
    const bench = new Bench();
    bench.see({ fromTag: "zz", toTag: "aa" });
    bench.see({ fromTag: "aa", toTag: "zz", method: "BYE", timeNs: second(2) });
    const [call] = bench.calls;
    expect(bench.table.size).toBe(1);
    expect(call?.id).toBe(createHash("sha256").update("aa:zz").digest("hex"));
    expect(call?.tagPair).toEqual(["aa", "zz"]);
    expect(call).toMatchObject({ startNs: second(0), lastNs: second(2), state: "ENDED" });
  });

  test("has the URIs of its first packet, or the users where it has none", () => {
    const bench = new Bench();
    bench.see({ fromUri: "sip:5550001111@x" });
    bench.see({ toUri: "sip:5550002222@y", fromUri: "sip:other@z" });
    expect(bench.calls[0]).toMatchObject({ fromUser: "sip:5550001111@x", toUser: "5550002222" });
  });

  test("has a leg for each Call-ID, with the first packet's hunter and the last one's message", () => {
    const bench = new Bench();
    bench.see({ timeNs: second(1) });
    bench.see({ ...answer(180), hunterId: "h2", srcIp: "9.9.9.9", timeNs: second(3) });
    bench.see({ method: "UPDATE", timeNs: second(2) });
    bench.see({ callId: "call-2", hunterId: "h2" });
    const legs = [...(bench.calls[0]?.legs.values() ?? [])];
    expect(legs).toEqual([
      {
        callId: "call-1",
        hunterId: "h1",
        srcIp: "10.0.0.1",
        dstIp: "10.0.0.2",
        method: "UPDATE",
        responseCode: 0,
        packets: 3,
        startNs: second(1),
        lastNs: second(3),
      },
      expect.objectContaining({ callId: "call-2", hunterId: "h2", packets: 1 }),
    ]);
    expect(bench.calls[0]).toMatchObject({ startNs: second(0), lastNs: second(3) });
  });

  test("is made by what belongs to calls only, but then all of it counts", () => {
    const bench = new Bench();
    for (const method of ["REGISTER", "OPTIONS", "SUBSCRIBE", "NOTIFY", "MESSAGE", "PUBLISH"]) {
      expect(bench.see({ method })).toBeUndefined();
      expect(bench.see({ method: "", ...answer(200, method) })).toBeUndefined();
    }
    expect(bench.see({ method: "", cseqMethod: "", responseCode: 180 })?.state).toBe("RINGING");
    expect(bench.see({ method: "NOTIFY" })?.legs.get("call-1")?.packets).toBe(2);
  });
});

describe("legs with other tags", () => {
  const other = { callId: "call-2", fromTag: "c", toTag: "d", hunterId: "h2" };

  test.each([
    ["the same numbers", {}],
    ["prefixes and the other direction", { fromUser: "+1 555 000-2222", toUser: "0015550001111" }],
    [
      "URIs alone",
      { fromUser: "", toUser: "", fromUri: "sip:5550001111@a", toUri: "tel:+0002222" },
    ],
  ])("are joined by %s", (_what, users) => {
    const bench = new Bench();
    const first = bench.see();
    expect(bench.see({ ...other, ...users, timeNs: second(30) })).toBe(first);
    // From then on by their tags, whenever that is.
    expect(bench.see({ ...other, method: "BYE", fromUser: "", timeNs: second(500) })).toBe(first);
    expect(first?.legs.size).toBe(2);
    expect(first?.tagPair).toEqual(["a", "b"]);
  });

  test.each([
    ["other numbers", { toUser: "5550003333" }],
    ["names", { fromUser: "alice", toUser: "bob" }],
    ["numbers shorter than seven digits", { fromUser: "001111", toUser: "002222" }],
    ["a later beginning", { timeNs: second(31) }],
    ["a much earlier beginning", { timeNs: second(-31) }],
  ])("are a call of their own with %s", (_what, fields) => {
    const bench = new Bench();
    const first = bench.see();
    expect(bench.see({ ...other, ...fields })).not.toBe(first);
    expect(bench.table.size).toBe(2);
  });

  test("numbers in the host or behind the user do not count", () => {
    const bench = new Bench();
    const hosts = {
      fromUser: "",
      fromUri: "sip:al@5550001111",
      toUser: "",
      toUri: "tel:1;x=5550002222",
    };
    bench.see(hosts);
    bench.see({ ...hosts, ...other });
    expect(bench.table.size).toBe(2);
  });

  test("join the latest call between the numbers", () => {
    const bench = new Bench();
    bench.see();
    const second_ = bench.see({ fromTag: "e", callId: "call-3", timeNs: second(40) });
    expect(bench.see({ ...other, timeNs: second(41) })).toBe(second_);
  });

  test("join a call that has just ended, but who dials again makes a new one", () => {
    const bench = new Bench();
    const first = bench.see();
    bench.see({ ...answer(486), timeNs: second(1) });
    expect(bench.see({ ...other, ...answer(486), timeNs: second(1.01) })).toBe(first);
    const again = bench.see({ fromTag: "e", callId: "call-3", timeNs: second(5) });
    expect(again).not.toBe(first);
    expect(again?.state).toBe("RINGING");
  });
});

describe("the state", () => {
  test("goes from TRYING to RINGING, ESTABLISHED and ENDED, and not back", () => {
    const states = new Bench().states(
      answer(100),
      answer(183),
      answer(200),
      request("ACK"),
      request("INVITE"),
      answer(180),
      answer(200),
      request("BYE"),
      answer(200, "BYE"),
      request("INVITE"),
    );
    expect(states).toEqual([
      "TRYING",
      "RINGING",
      "ESTABLISHED",
      "ESTABLISHED",
      "ESTABLISHED",
      "ESTABLISHED",
      "ESTABLISHED",
      "ENDED",
      "ENDED",
      "ENDED",
    ]);
  });

  test.each([
    ["a CANCEL", request("CANCEL")],
    ["a BYE", request("BYE")],
    ["486", answer(486)],
    ["603", answer(603)],
    ["a failure of something that is not told", answer(500, "")],
    ["an unknown dialog", answer(481, "UPDATE")],
  ])("is ENDED by %s", (_what, message) => {
    const states = new Bench().states(answer(180), message);
    expect(states).toEqual(["RINGING", "ENDED"]);
  });

  test("is not ended by a request for credentials, nor is that acknowledged as an answer", () => {
    for (const code of [401, 407]) {
      const states = new Bench().states(answer(180), answer(code), request("ACK"), answer(200));
      expect(states).toEqual(["RINGING", "RINGING", "RINGING", "ESTABLISHED"]);
    }
  });

  test("of an established call is not ended by a request that failed inside of it", () => {
    const inside = [answer(415, "INFO"), answer(491), answer(488), request("ACK")];
    const states = new Bench().states(answer(200), ...inside);
    expect(new Set(states)).toEqual(new Set(["ESTABLISHED"]));
  });

  test("is not ESTABLISHED by a success of something else", () => {
    const states = new Bench().states(answer(183), answer(200, "PRACK"), answer(200, "UPDATE"));
    expect(new Set(states)).toEqual(new Set(["RINGING"]));
  });
});

test("a request for credentials alone is not shown; the call that follows is", () => {
  const bench = new Bench();
  bench.see(answer(407));
  bench.see(request("ACK"));
  expect(bench.calls).toEqual([]);
  bench.see({ ...answer(180), toTag: "f" });
  expect(bench.calls).toMatchObject([{ state: "RINGING", isChallenge: false }]);
});

describe("what is known is bounded", () => {
  test("calls: the longest silent is forgotten, with all that leads to it", () => {
    const bench = new Bench({ callsMax: 2 });
    const users = (n: number) => ({ fromUser: `777000000${n}`, callId: `call-${n}` });
    bench.see({ ...users(1), fromTag: "1" });
    bench.see({ ...users(2), fromTag: "2" });
    bench.see({ ...users(1), fromTag: "1b", timeNs: second(1) });
    const third = bench.see({ ...users(3), fromTag: "3" });
    expect(bench.table.size).toBe(2);
    expect(bench.table.evictedCalls).toBe(1);
    expect(bench.forgotten.map((call) => call.legs.keys().next().value)).toEqual(["call-2"]);
    expect(bench.see({ ...users(3), fromTag: "3" })).toBe(third);
    // The second is a new call now, in the place of the first with both its tag pairs.
    bench.see({ ...users(2), fromTag: "2" });
    bench.see({ ...users(1), fromTag: "1b" });
    expect(bench.table.evictedCalls).toBe(3);
    expect(bench.calls.map((call) => call.legs.size)).toEqual([1, 1]);
  });

  test("legs: the longest silent is forgotten, and so many tag pairs join", () => {
    const bench = new Bench();
    const { legsPerCallMax } = limits;
    for (let leg = 0; leg < legsPerCallMax; leg++) {
      bench.see({ callId: `leg-${leg}`, timeNs: second(leg) });
    }
    bench.see({ callId: "leg-0", timeNs: second(20) });
    for (const leg of [21, 22]) bench.see({ callId: `leg-${leg}`, timeNs: second(leg) });
    const legs = [...(bench.calls[0]?.legs.keys() ?? [])];
    expect(legs.length).toBe(legsPerCallMax);
    expect(legs.slice(0, 2)).toEqual(["leg-0", "leg-3"]);
    expect(bench.table.evictedLegs).toBe(2);
    for (let pair = 0; pair < legsPerCallMax; pair++) bench.see({ fromTag: `pair-${pair}` });
    expect(bench.table.size).toBe(2);
    expect(bench.calls.map((call) => call.joinedIds.length).toSorted()).toEqual([
      0,
      legsPerCallMax - 1,
    ]);
  });

  test("legs of all calls together: the longest silent call makes room", () => {
    const bench = new Bench({ legsMax: 3 });
    const call = (tag: string, leg: string) =>
      bench.see({ fromTag: tag, fromUser: tag, callId: `${tag}-${leg}` });
    call("x", "1");
    call("y", "1");
    call("x", "2");
    call("x", "3");
    expect(bench.calls.map(({ legs }) => [...legs.keys()])).toEqual([["x-1", "x-2", "x-3"]]);
    call("z", "1");
    expect(bench.calls.map(({ legs }) => [...legs.keys()])).toEqual([["z-1"]]);
    expect(bench.table.evictedCalls).toBe(2);
  });

  test("time: a call of which nothing came for 20 minutes of our clock is forgotten", () => {
    const bench = new Bench();
    bench.see({ fromTag: "old", fromUser: "", timeNs: 0n });
    bench.nowMs = 60_000;
    bench.see({ fromTag: "young", fromUser: "", timeNs: 0n });
    bench.nowMs = limits.callForgetMs;
    bench.table.purge();
    expect(bench.table.size).toBe(2);
    bench.nowMs = limits.callForgetMs + 1;
    bench.table.purge();
    expect(bench.calls.map((call) => call.tagPair[1])).toEqual(["young"]);
    expect(bench.forgotten.length).toBe(1);
  });
});
