/** Flow control of the core against the text of RFC 9113 sections 5.2, 6.5.2 and 6.9. */
import { describe, expect, test } from "bun:test";
import { limits } from "../../../src/config/limits.ts";
import { data, frame, headers, settings, windowUpdate } from "../../support/http2-frames.ts";
import { Http2Peer } from "../../support/http2-peer.ts";
import { seeded } from "../../support/seeded.ts";

const window = 65_535;

/** Bytes of DATA that were written for a stream since the last call. */
function sentBytes(peer: Http2Peer, streamId: number): number {
  return peer
    .take()
    .filter(({ type, streamId: id }) => type === 0 && id === streamId)
    .reduce((sum, { payload }) => sum + payload.length, 0);
}

/** A server whose client opened stream 1 and gave the connection room for everything. */
function opened(own: Readonly<Record<number, number>> = {}): Http2Peer {
  const peer = Http2Peer.greeted({}, own);
  peer.connection.receive(Buffer.concat([headers(1), windowUpdate(0, 0x7000_0000)]));
  peer.take();
  return peer;
}

describe("what we send", () => {
  test("stops at the window, and goes on with WINDOW_UPDATE and a larger setting, added up", () => {
    const peer = opened();
    peer.streams.get(1)?.send(Buffer.alloc(2_000_000));
    expect(sentBytes(peer, 1)).toBe(window);
    peer.connection.receive(windowUpdate(1, 250_000));
    expect(sentBytes(peer, 1)).toBe(250_000);
    peer.connection.receive(settings({ 4: 294_888 }));
    expect(sentBytes(peer, 1)).toBe(294_888 - window);
    peer.connection.receive(windowUpdate(1, 100_000));
    expect(sentBytes(peer, 1)).toBe(100_000);
  });

  test("a smaller setting leaves the window below 0 until updates have made it up", () => {
    const peer = opened();
    peer.streams.get(1)?.send(Buffer.alloc(200_000));
    expect(sentBytes(peer, 1)).toBe(window);
    peer.connection.receive(settings({ 4: 10_000 }));
    peer.connection.receive(windowUpdate(1, window - 10_000));
    expect(sentBytes(peer, 1)).toBe(0);
    peer.connection.receive(windowUpdate(1, 1));
    expect(sentBytes(peer, 1)).toBe(1);
  });

  test("new streams begin with the setting", () => {
    const peer = opened({ 4: 5 });
    peer.streams.get(1)?.send(Buffer.alloc(100));
    expect(sentBytes(peer, 1)).toBe(5);
  });

  test("headers and the end go whatever the windows are", () => {
    const peer = opened({ 4: 0 });
    const stream = peer.streams.get(1);
    stream?.sendHeaders(Buffer.from([0x88]));
    stream?.end(Buffer.from([0x88]));
    expect(peer.take().map(({ type, flags }) => [type, flags])).toEqual([
      [1, 4],
      [1, 5],
      [3, 0],
    ]);
  });

  test("the connection's window holds all streams up, and none for ever", () => {
    const peer = Http2Peer.greeted({}, { 4: 1_000_000 });
    peer.connection.receive(Buffer.concat([1, 3, 5].map((id) => headers(id))));
    peer.take();
    for (const id of [1, 3, 5]) peer.streams.get(id)?.send(Buffer.alloc(100_000));
    expect(peer.take().reduce((sum, { payload }) => sum + payload.length, 0)).toBe(window);
    peer.streams.get(5)?.sendHeaders(Buffer.from([0x88]));
    expect(peer.take()).toEqual([]);
    for (let round = 0; round < 10; round++) peer.connection.receive(windowUpdate(0, 30_000));
    const ids = [1, 3, 5].map((id) => peer.streams.get(id)?.queuedBytes);
    expect(ids).toEqual([0, 0, 0]);
  });

  test("any order of settings and updates gives the window of the RFC", () => {
    for (let seed = 1; seed <= 50; seed++) {
      const random = seeded(seed);
      const peer = opened();
      peer.streams.get(1)?.send(Buffer.alloc(5_000_000));
      let initial = window;
      let open = window - sentBytes(peer, 1);
      for (let step = 0; step < 40; step++) {
        if (random.next() < 0.5) {
          const increment = random.between(1, 60_000);
          peer.connection.receive(windowUpdate(1, increment));
          open += increment;
        } else {
          const next = random.between(0, 100_000);
          peer.connection.receive(settings({ 4: next }));
          open += next - initial;
          initial = next;
        }
        const sent = sentBytes(peer, 1);
        expect(sent).toBe(Math.max(0, open));
        open -= sent;
      }
    }
  });

  test("a window above 2^31-1 is the peer's fault", () => {
    const stream = opened();
    stream.connection.receive(windowUpdate(1, 0x7fff_ffff));
    expect(stream.take().map(({ type, payload }) => [type, payload.readUInt32BE()])).toEqual([
      [3, 3],
    ]);
    const connection = opened();
    connection.connection.receive(windowUpdate(0, 0x7fff_ffff));
    expect(connection.faults.map(({ code }) => code)).toEqual([3]);
    const setting = opened();
    setting.connection.receive(windowUpdate(1, 0x7000_0000));
    setting.connection.receive(settings({ 4: 0x7fff_ffff }));
    expect(setting.faults.map(({ code }) => code)).toEqual([3]);
  });
});

describe("what we receive", () => {
  /** Increments of WINDOW_UPDATE frames of a stream since the last call. */
  function credit(peer: Http2Peer, streamId: number): number {
    return peer
      .take()
      .filter(({ type, streamId: id }) => type === 8 && id === streamId)
      .reduce((sum, { payload }) => sum + payload.readUInt32BE(), 0);
  }

  test("is given back as it is done with, and not before", () => {
    const peer = Http2Peer.greeted({ consumes: false });
    peer.connection.receive(headers(1));
    for (let count = 0; count < 4; count++) peer.connection.receive(data(1, Buffer.alloc(16_383)));
    expect(credit(peer, 1)).toBe(0);
    peer.streams.get(1)?.done(10_000);
    expect(credit(peer, 1)).toBe(0);
    peer.streams.get(1)?.done(10_000);
    expect(credit(peer, 1)).toBeGreaterThanOrEqual(20_000);
  });

  test("beyond the window ends the stream alone", () => {
    const peer = Http2Peer.greeted({ consumes: false });
    peer.connection.receive(Buffer.concat([headers(1), headers(3)]));
    for (let count = 0; count < 9; count++) peer.connection.receive(data(1, Buffer.alloc(16_384)));
    expect(peer.notes).toContain("1 closed 3");
    peer.connection.receive(data(3, Buffer.alloc(100), true));
    expect(peer.notes).toContain("3 end after 100");
    expect(peer.faults).toEqual([]);
  });

  test("that waits on one stream does not take the room of another", () => {
    const peer = Http2Peer.greeted({ consumes: false });
    const paused = Array.from({ length: 100 }, (_, index) => 2 * index + 1);
    for (const id of paused) {
      peer.connection.receive(headers(id));
      for (let count = 0; count < 4; count++)
        peer.connection.receive(data(id, Buffer.alloc(16_000)));
    }
    peer.connection.receive(headers(1001));
    for (let count = 0; count < 4; count++)
      peer.connection.receive(data(1001, Buffer.alloc(16_000)));
    expect(peer.bytesOf(1001).length).toBe(64_000);
    expect(peer.faults).toEqual([]);
  });

  test("as fast as it is done with widens the window, up to its ceiling and the sum of all", () => {
    let now = 0;
    const peer = Http2Peer.greeted({ now: () => now, growthBytes: 1_000_000 });
    peer.connection.receive(Buffer.concat([frame(4, 1, 0, Buffer.alloc(0)), headers(1)]));
    peer.take();
    let open = limits.streamWindowBytesMin;
    for (let count = 0; count < 2000; count++) {
      now += 0.1;
      if (open < 16_384) break;
      peer.connection.receive(data(1, Buffer.alloc(16_384)));
      open += credit(peer, 1) - 16_384;
    }
    expect(open).toBeGreaterThan(limits.streamWindowBytesMin);
    expect(open).toBeLessThanOrEqual(limits.streamWindowBytesMin + 1_000_000);
  });

  test("slowly does not", () => {
    let now = 0;
    const peer = Http2Peer.greeted({ now: () => now });
    peer.connection.receive(headers(1));
    peer.take();
    let open = limits.streamWindowBytesMin;
    for (let count = 0; count < 200; count++) {
      now += 10_000;
      peer.connection.receive(data(1, Buffer.alloc(16_384)));
      open += credit(peer, 1) - 16_384;
    }
    expect(open).toBeLessThanOrEqual(limits.streamWindowBytesMin);
  });

  test("padding counts, and is given back", () => {
    const peer = Http2Peer.greeted({ consumes: false });
    peer.connection.receive(headers(1));
    peer.take();
    const padded = Buffer.concat([Buffer.from([255]), Buffer.alloc(255)]);
    const bytes = Buffer.alloc(9);
    bytes.writeUIntBE(padded.length, 0, 3);
    bytes[4] = 8;
    bytes.writeUInt32BE(1, 5);
    for (let count = 0; count < 300; count++) {
      peer.connection.receive(Buffer.concat([bytes, padded]));
    }
    expect(peer.bytesOf(1).length).toBe(0);
    expect(peer.notes).not.toContain("1 closed 3");
  });
});
