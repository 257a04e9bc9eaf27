/** Frames that cost their sender nothing: each kind has a budget, and its end is named. */
import { describe, expect, test } from "bun:test";
import { limits } from "../../../src/config/limits.ts";
import {
  data,
  frame,
  headers,
  literalBlock,
  requestFields,
  reset,
  settings,
  windowUpdate,
} from "../../support/http2-frames.ts";
import { Http2Peer } from "../../support/http2-peer.ts";

const calm = 11;

/** Sends `make(n)` again and again until the connection ends; the reason, and how many it took. */
function flood(make: (count: number) => Buffer, first: Buffer[] = [], most = 50_000) {
  const peer = Http2Peer.greeted();
  for (const bytes of first) peer.connection.receive(bytes);
  let count = 0;
  while (peer.faults.length === 0 && count < most) {
    peer.connection.receive(make(count++));
    peer.bytes();
  }
  return { count, fault: peer.faults[0] };
}

const longFields = Array.from({ length: 600 }, () => ["x", ""] as const);

const nothing = Buffer.alloc(0);

describe("a flood of", () => {
  const cases: [string, number, Buffer[], (count: number) => Buffer][] = [
    [
      "streams that were reset",
      limits.resetsAtOnceMax,
      [],
      (count) => {
        const id = 2 * count + 1;
        return Buffer.concat([headers(id), reset(id, 8)]);
      },
    ],
    [
      "streams that had to be reset",
      limits.faultsAtOnceMax,
      [],
      (count) => {
        const id = 2 * count + 1;
        return Buffer.concat([headers(id), windowUpdate(id, 0)]);
      },
    ],
    [
      "header lists that are too long",
      limits.headerListsAtOnceMax,
      [],
      (count) => headers(2 * count + 1, [...requestFields, ...longFields]),
    ],
    ["PING frames", limits.pingsAtOnceMax, [], () => frame(6, 0, 0, Buffer.alloc(8))],
    ["SETTINGS frames", limits.settingsAtOnceMax, [], () => settings()],
    ["DATA frames without data", limits.emptyDataAtOnceMax, [headers(1)], () => data(1, nothing)],
    ["WINDOW_UPDATE frames", limits.windowUpdatesAtOnceMax, [], () => windowUpdate(0, 1)],
    ["PRIORITY frames", limits.prioritiesAtOnceMax, [], () => frame(2, 0, 1, Buffer.alloc(5))],
    ["frames of unknown types", limits.unknownFramesAtOnceMax, [], () => frame(77, 0, 0, nothing)],
  ];
  for (const [name, most, first, make] of cases) {
    test(`${name} ends the connection`, () => {
      const { count, fault } = flood(make, first);
      expect(fault).toEqual({ code: calm, reason: `too many ${name}` });
      expect(count).toBeLessThanOrEqual(most + 5);
      expect(count).toBeGreaterThan(most / 2);
    });
  }

  test("CONTINUATION frames ends the connection, empty ones too", () => {
    for (const payload of [nothing, Buffer.alloc(16_000)]) {
      const begin = frame(1, 0, 1, literalBlock(requestFields));
      const { count, fault } = flood(() => frame(9, 0, 1, payload), [begin]);
      expect(fault?.code).toBe(calm);
      expect(count).toBeLessThanOrEqual(limits.headerFramesMax);
    }
  });

  test("streams above the most that may be open ends the connection", () => {
    const { fault } = flood((count) => headers(2 * count + 1));
    expect(fault?.reason).toBe("too many streams that had to be reset");
  });

  test("frames of a stream that was reset ends the connection", () => {
    // It is reset by the server, so that its client's frames may be under way, up to its end.
    const first = [headers(1), windowUpdate(1, 0)];
    for (const endsStream of [false, true]) {
      const blocks = flood(() => headers(1, requestFields, endsStream), first);
      expect(blocks.fault?.code).toBe(endsStream ? 5 : calm);
      const frames = flood(() => data(1, nothing, endsStream), first);
      expect(frames.fault?.code).toBe(calm);
    }
  });

  test("answers that are not read ends the connection", () => {
    let now = 0;
    const peer = Http2Peer.greeted({ now: () => now, takes: () => 0 });
    for (let count = 0; peer.faults.length === 0 && count < 100_000; count++) {
      now += 5;
      peer.connection.receive(frame(6, 0, 0, Buffer.alloc(8)));
    }
    expect(peer.faults[0]?.reason).toBe("answers to its frames that it does not read");
  });
});

describe("what clients do all day is no flood", () => {
  test("pings and window updates that answer our data", () => {
    const peer = Http2Peer.greeted();
    peer.connection.receive(headers(1));
    for (let count = 0; count < 20_000; count++) {
      peer.streams.get(1)?.send(Buffer.alloc(1000));
      const answers = [
        windowUpdate(0, 1000),
        windowUpdate(1, 1000),
        frame(6, 0, 0, Buffer.alloc(8)),
      ];
      peer.connection.receive(Buffer.concat(answers));
      peer.bytes();
    }
    expect(peer.faults).toEqual([]);
  });

  test("window updates for each 4 KiB of a fast live view", () => {
    const peer = Http2Peer.greeted();
    peer.connection.receive(headers(1));
    const piece = Buffer.concat([windowUpdate(0, 4096), windowUpdate(1, 4096)]);
    for (let count = 0; count < 20_000; count++) {
      peer.streams.get(1)?.send(Buffer.alloc(16_384));
      peer.connection.receive(Buffer.concat([piece, piece, piece, piece]));
      peer.bytes();
    }
    expect(peer.faults).toEqual([]);
  });

  test("a ping each second, for a day", () => {
    let now = 0;
    const peer = Http2Peer.greeted({ now: () => now });
    for (let count = 0; count < 86_400; count++) {
      now += 1000;
      peer.connection.receive(frame(6, 0, 0, Buffer.alloc(8)));
      peer.bytes();
    }
    expect(peer.faults).toEqual([]);
  });
});
