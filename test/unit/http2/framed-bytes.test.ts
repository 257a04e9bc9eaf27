/** Bytes laid as DATA frames for many streams. */
import { expect, test } from "bun:test";
import { FramedBytes, framedPayload, framedRoom } from "../../../src/http2/framed-bytes.ts";
import { framesOf, headers, settings, windowUpdate } from "../../support/http2-frames.ts";
import { Http2Peer } from "../../support/http2-peer.ts";

const sample = (length: number) => Buffer.from(Array.from({ length }, (_, at) => at % 251));

function framed(payload: Buffer): FramedBytes {
  return FramedBytes.spread(Buffer.concat([payload], framedRoom(payload.length)), payload.length);
}

test("frames hold the payload, each at most 16,384 bytes, whatever its length", () => {
  for (const length of [0, 1, 5, 16_383, 16_384, 16_385, 32_768, 100_000]) {
    const payload = sample(length);
    const { bytes, end } = framed(payload);
    const { frames, rest } = framesOf(bytes.subarray(0, end));
    expect(rest).toBe(0);
    expect(Buffer.concat(frames.map((frame) => frame.payload)).equals(payload)).toBe(true);
    expect(frames.every(({ type, flags }) => type === 0 && flags === 0)).toBe(true);
    expect(frames.length).toBe(Math.ceil(length / 16_384));
  }
});

test("what fits into a room needs no more than the room", () => {
  for (const room of [0, 5, 9, 10, 16_393, 16_394, 16_402, 16_403, 524_288]) {
    expect(framedRoom(framedPayload(room))).toBeLessThanOrEqual(room);
    expect(framedRoom(framedPayload(room) + 1)).toBeGreaterThan(room);
  }
});

test("every stream gets all of it under its own number, also through windows that end within a frame", () => {
  const payload = sample(200_000);
  const shared = framed(payload);
  let room = 0;
  const peer = Http2Peer.greeted({
    takes: (bytes) => {
      const count = Math.min(bytes, room);
      room -= count;
      return count;
    },
  });
  peer.connection.receive(Buffer.concat([settings({ 4: 30_000 }), windowUpdate(0, 10_000_000)]));
  let taken = 0;
  for (const id of [1, 3, 5]) {
    peer.connection.receive(headers(id));
    peer.streams.get(id)?.sendFramed(shared, () => taken++);
  }
  for (let round = 0; round < 2000; round++) {
    room = 1 + ((round * 7919) % 3000);
    peer.connection.drained();
    peer.connection.receive(windowUpdate([1, 3, 5][round % 3] as number, 777));
  }
  room = Number.POSITIVE_INFINITY;
  peer.connection.drained();
  for (const id of [1, 3, 5]) peer.connection.receive(windowUpdate(id, 1_000_000));
  const frames = peer.take().filter(({ type }) => type === 0);
  for (const id of [1, 3, 5]) {
    const own = frames.filter(({ streamId }) => streamId === id).map((frame) => frame.payload);
    expect(Buffer.concat(own).equals(payload)).toBe(true);
  }
  expect(taken).toBe(3);
});
