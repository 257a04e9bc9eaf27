/** What a connection makes of the frames of its peer (RFC 9113). */
import { describe, expect, test } from "bun:test";
import { limits } from "../../../src/config/limits.ts";
import { encodeHeaders } from "../../../src/http2/header-encoder.ts";
import {
  clientPreface,
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

const ping = (ack = false) => frame(6, ack ? 1 : 0, 0, Buffer.from("12345678"));
const some = Buffer.from("data");

/** What a server does with these frames behind its greeting: faults' codes, and resets as `id code`. */
function answers(...frames: Buffer[]): { faults: number[]; resets: string[]; notes: string[] } {
  const peer = Http2Peer.greeted();
  for (const bytes of frames) peer.connection.receive(bytes);
  const resets = peer
    .take()
    .filter(({ type }) => type === 3)
    .map(({ streamId, payload }) => `${streamId} ${payload.readUInt32BE()}`);
  return { faults: peer.faults.map(({ code }) => code), resets, notes: peer.notes };
}

describe("a greeting", () => {
  test("is answered with settings, and theirs are acknowledged", () => {
    const peer = new Http2Peer();
    expect(peer.take().map(({ type, flags }) => `${type} ${flags}`)).toEqual(["4 0", "8 0"]);
    peer.connection.receive(Buffer.concat([Buffer.from(clientPreface), settings({ 99: 7 })]));
    expect(peer.take().map(({ type, flags }) => `${type} ${flags}`)).toEqual(["4 1"]);
    expect(peer.notes).toEqual(["greeted"]);
  });

  test("may come a byte at a time", () => {
    const peer = new Http2Peer();
    const bytes = Buffer.concat([Buffer.from(clientPreface), settings(), headers(1)]);
    for (let at = 0; at < bytes.length; at++) peer.connection.receive(bytes.subarray(at, at + 1));
    expect(peer.notes).toEqual(["greeted", "stream 1 POST /a.B/C"]);
  });

  test("of another protocol ends the connection at its first wrong byte", () => {
    const peer = new Http2Peer();
    peer.connection.receive(Buffer.from("GET"));
    expect(peer.faults).toEqual([{ code: 1, reason: "what came is not HTTP/2" }]);
  });

  test("without settings does", () => {
    const peer = new Http2Peer();
    peer.connection.receive(Buffer.concat([Buffer.from(clientPreface), ping()]));
    expect(peer.faults.map(({ code }) => code)).toEqual([1]);
  });
});

describe("a stream", () => {
  test("goes from a request to its end in both directions", () => {
    const peer = Http2Peer.greeted();
    peer.connection.receive(Buffer.concat([headers(1), data(1, some), data(1, some, true)]));
    const stream = peer.streams.get(1);
    stream?.sendHeaders(encodeHeaders([[":status", "200"]]));
    stream?.send(some);
    stream?.end(encodeHeaders([["grpc-status", "0"]]));
    expect(peer.take().map(({ type, flags }) => `${type} ${flags}`)).toEqual(["1 4", "0 0", "1 5"]);
    expect(peer.notes.slice(1)).toEqual([
      "stream 1 POST /a.B/C",
      "1 end after 8",
      "1 closed in order",
    ]);
  });

  test("that we end first is reset without an error behind the end", () => {
    const peer = Http2Peer.greeted();
    peer.connection.receive(headers(1));
    peer.streams.get(1)?.end(encodeHeaders([["grpc-status", "0"]]));
    expect(peer.take().map(({ type, flags }) => `${type} ${flags}`)).toEqual(["1 5", "3 0"]);
    peer.connection.receive(Buffer.concat([data(1, some), data(1, some, true), reset(1, 8)]));
    expect(peer.faults).toEqual([]);
    expect(peer.take()).toEqual([]);
  });

  test("has trailers", () => {
    const { notes } = answers(headers(1), data(1, some), headers(1, [["a", "b"]], true));
    expect(notes.slice(2)).toEqual(["1 trailers a=b", "1 end after 4"]);
  });

  test("that the client resets is closed, and frames on their way to it mean nothing", () => {
    const { notes, faults } = answers(headers(1), reset(1, 8), windowUpdate(1, 5));
    expect(notes.slice(2)).toEqual(["1 closed 8"]);
    expect(faults).toEqual([]);
  });

  test("is refused above the most that may be open", () => {
    const ids = Array.from({ length: limits.streamsPerConnectionMax + 1 }, (_, at) => 2 * at + 1);
    const { resets } = answers(...ids.map((id) => headers(id)));
    expect(resets).toEqual([`${ids.at(-1)} 7`]);
  });

  test("with headers above the limit is told so", () => {
    const peer = Http2Peer.greeted();
    const fields = Array.from({ length: 200 }, (_, at) => [`x-${at}`, "y".repeat(100)] as const);
    const block = literalBlock([...requestFields, ...fields]);
    peer.connection.receive(frame(1, 0, 1, block.subarray(0, 16_000)));
    peer.connection.receive(frame(9, 4, 1, block.subarray(16_000)));
    expect(peer.faults).toEqual([]);
    const [answer] = peer.take();
    expect(answer?.payload.toString("latin1")).toContain("431");
    peer.connection.receive(headers(3));
    expect(peer.notes).toContain("stream 3 POST /a.B/C");
  });
});

describe("a request that HTTP does not have resets its stream alone", () => {
  const without = (name: string) => requestFields.filter(([own]) => own !== name);
  const cases: [string, readonly (readonly [string, string])[]][] = [
    ["no method", without(":method")],
    ["no path", without(":path")],
    ["an empty path", [...without(":path"), [":path", ""]].reverse() as never],
    ["a pseudo-header behind others", [...without(":path"), [":path", "/"]]],
    ["a pseudo-header twice", [[":path", "/"], ...requestFields]],
    ["a pseudo-header of responses", [[":status", "200"], ...requestFields]],
    ["capitals in a name", [...requestFields, ["Content-Length", "1"]]],
    ["a field of connections", [...requestFields, ["connection", "close"]]],
    ["te with something else", [...requestFields, ["te", "gzip"]]],
    ["a line feed in a value", [...requestFields, ["a", "b\nc"]]],
    ["a content-length that is no number", [...requestFields, ["content-length", "x"]]],
  ];
  for (const [name, fields] of cases) {
    test(name, () => {
      const { resets, faults, notes } = answers(headers(1, fields), headers(3));
      expect(resets).toEqual(["1 1"]);
      expect(faults).toEqual([]);
      expect(notes.at(-1)).toBe("stream 3 POST /a.B/C");
    });
  }

  test("data beside its content-length", () => {
    const fields = [...requestFields, ["content-length", "3"] as const];
    expect(answers(headers(1, fields), data(1, some)).resets).toEqual(["1 1"]);
    expect(answers(headers(1, fields), data(1, Buffer.from("ab"), true)).resets).toEqual(["1 1"]);
    expect(answers(headers(1, fields, true)).resets).toEqual(["1 1"]);
    expect(answers(headers(1, fields), data(1, Buffer.from("abc"), true)).resets).toEqual([]);
  });
});

describe("a frame that HTTP/2 does not have ends the connection", () => {
  const long = Buffer.alloc(16_385);
  const cases: [string, number, Buffer[]][] = [
    ["DATA of a stream that is idle", 1, [data(1, some)]],
    ["DATA without a stream", 1, [data(0, some)]],
    ["DATA above 16,384 bytes", 6, [headers(1), data(1, long)]],
    ["HEADERS without a stream", 1, [headers(0)]],
    ["HEADERS with an even number", 1, [headers(2)]],
    ["HEADERS with a lower number", 5, [headers(3), headers(1)]],
    ["RST_STREAM of a stream that is idle", 1, [reset(1, 8)]],
    ["RST_STREAM of another size", 6, [headers(1), frame(3, 0, 1, Buffer.alloc(3))]],
    ["SETTINGS of a stream", 1, [frame(4, 0, 1, Buffer.alloc(0))]],
    ["SETTINGS of another size", 6, [frame(4, 0, 0, Buffer.alloc(5))]],
    ["an acknowledgement with settings", 6, [frame(4, 1, 0, Buffer.alloc(6))]],
    ["ENABLE_PUSH of 2", 1, [settings({ 2: 2 })]],
    ["INITIAL_WINDOW_SIZE of 2^31", 3, [settings({ 4: 0x8000_0000 })]],
    ["MAX_FRAME_SIZE of 16,383", 1, [settings({ 5: 16_383 })]],
    ["PUSH_PROMISE", 1, [headers(1), frame(5, 4, 1, Buffer.alloc(8))]],
    ["PING of a stream", 1, [frame(6, 0, 1, Buffer.alloc(8))]],
    ["PING of another size", 6, [frame(6, 0, 0, Buffer.alloc(7))]],
    ["GOAWAY of a stream", 1, [frame(7, 0, 1, Buffer.alloc(8))]],
    ["WINDOW_UPDATE of another size", 6, [frame(8, 0, 0, Buffer.alloc(3))]],
    ["WINDOW_UPDATE by 0 of the connection", 1, [windowUpdate(0, 0)]],
    ["WINDOW_UPDATE of a stream that is idle", 1, [windowUpdate(1, 1)]],
    ["CONTINUATION of no block", 1, [frame(9, 4, 1, Buffer.alloc(0))]],
    ["a frame in the middle of a block", 1, [frame(1, 0, 1, Buffer.alloc(0)), ping()]],
    ["a block that is no HPACK", 9, [frame(1, 4, 1, Buffer.from([0x80]))]],
    ["padding that is longer than its frame", 1, [headers(1), frame(0, 8, 1, Buffer.from([9, 0]))]],
  ];
  for (const [name, code, frames] of cases) {
    test(name, () => {
      expect(answers(...frames).faults).toEqual([code]);
    });
  }

  test("and GOAWAY says why, with the last stream", () => {
    const peer = Http2Peer.greeted();
    peer.connection.receive(headers(5));
    peer.connection.receive(windowUpdate(0, 0));
    const [goaway] = peer.take();
    expect(goaway?.type).toBe(7);
    expect(goaway?.payload.readUInt32BE(0)).toBe(5);
    expect(goaway?.payload.readUInt32BE(4)).toBe(1);
    expect(goaway?.payload.toString("latin1", 8)).toBe("WINDOW_UPDATE by 0");
    expect(peer.notes).toContain("5 closed 1");
    peer.connection.receive(ping());
    expect(peer.take()).toEqual([]);
  });
});

describe("a PING", () => {
  test("is answered with what it said", () => {
    const peer = Http2Peer.greeted();
    peer.connection.receive(ping());
    expect(peer.take()).toEqual([
      { type: 6, flags: 1, streamId: 0, payload: Buffer.from("12345678") },
    ]);
  });

  test("of ours is answered once", () => {
    const peer = Http2Peer.greeted();
    peer.connection.ping();
    expect(peer.take().map(({ type, flags }) => `${type} ${flags}`)).toEqual(["6 0"]);
    peer.connection.receive(ping(true));
    expect(peer.notes.at(-1)).toBe("pong");
  });
});

describe("leaving", () => {
  test("takes what is on its way, and says the last stream in the end", () => {
    const peer = Http2Peer.greeted();
    peer.connection.receive(headers(1));
    peer.connection.leave();
    const [first] = peer.take();
    expect([first?.type, first?.payload.readUInt32BE(0)]).toEqual([7, 0x7fff_ffff]);
    peer.connection.receive(headers(3));
    expect(peer.notes.at(-1)).toBe("stream 3 POST /a.B/C");
    peer.connection.fail({ code: 0, reason: "" });
    const [second] = peer.take();
    expect([second?.type, second?.payload.readUInt32BE(0)]).toEqual([7, 3]);
  });
});

describe("a socket that takes little", () => {
  test("loses nothing and reorders nothing", () => {
    let budget = 0;
    const peer = Http2Peer.greeted({
      takes: (bytes) => {
        const count = Math.min(bytes, budget);
        budget -= count;
        return count;
      },
    });
    peer.connection.receive(
      Buffer.concat([settings({ 4: 1_000_000 }), windowUpdate(0, 1_000_000), headers(1)]),
    );
    const sent = Buffer.from(Array.from({ length: 300_000 }, (_, at) => at % 251));
    const stream = peer.streams.get(1);
    let taken = 0;
    for (let at = 0; at < sent.length; at += 10_000) {
      stream?.send(sent.subarray(at, at + 10_000), () => taken++);
    }
    stream?.end(encodeHeaders([["grpc-status", "0"]]));
    for (let round = 0; round < 5000; round++) {
      budget = 100 + ((round * 37) % 200);
      peer.connection.drained();
    }
    const frames = peer.take();
    const bodies = frames.filter(({ type }) => type === 0).map(({ payload }) => payload);
    expect(Buffer.concat(bodies).equals(sent)).toBe(true);
    expect(taken).toBe(30);
    expect(frames.slice(-2).map(({ type }) => type)).toEqual([1, 3]);
  });
});
