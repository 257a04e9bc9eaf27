/** Streams of one connection beside each other: each has its turn, and those that are gone are forgotten. */
import { expect, test } from "bun:test";
import { data, headers, reset, settings, windowUpdate } from "../../support/http2-frames.ts";
import { Http2Peer } from "../../support/http2-peer.ts";

const large = 50_000_000;
const small = Buffer.from("an ack of a few bytes");

/** A peer with streams 1 and 3, of which stream 1 has more to send than there will ever be room for. */
function beside(own: Readonly<Record<number, number>>, takes?: (bytes: number) => number) {
  const peer = Http2Peer.greeted(takes === undefined ? {} : { takes }, own);
  peer.connection.receive(Buffer.concat([headers(1), headers(3)]));
  peer.streams.get(1)?.send(Buffer.alloc(large));
  return peer;
}

test("a stream that always has more does not keep the connection's window from others", () => {
  const peer = beside({ 4: 0x7fff_ffff });
  peer.streams.get(3)?.send(small);
  expect(peer.streams.get(3)?.queuedBytes).toBe(small.length);
  for (let round = 0; round < 3; round++) peer.connection.receive(windowUpdate(0, 16_384));
  expect(peer.streams.get(3)?.queuedBytes).toBe(0);
  expect(peer.streams.get(1)?.queuedBytes).toBeGreaterThan(0);
});

test("nor does it keep a slow socket from them", () => {
  let room = 0;
  const takes = (bytes: number): number => {
    const count = Math.min(bytes, room);
    room -= count;
    return count;
  };
  room = 1000;
  const peer = beside({ 4: 0x7fff_ffff }, takes);
  peer.connection.receive(windowUpdate(0, 0x7000_0000));
  peer.streams.get(3)?.send(small);
  for (let round = 0; round < 10; round++) {
    room = 50_000;
    peer.connection.drained();
  }
  expect(peer.streams.get(3)?.queuedBytes).toBe(0);
  expect(peer.streams.get(1)?.queuedBytes).toBeGreaterThan(0);
});

/** Streams that were opened, had something to send, and are gone: how many of them are still in memory. */
async function leftBehind(peer: Http2Peer, firstId: number): Promise<number> {
  let left = 0;
  const registry = new FinalizationRegistry(() => left--);
  const count = 200;
  for (let at = 0; at < count; at++) {
    const id = firstId + 2 * at;
    peer.connection.receive(headers(id));
    const stream = peer.streams.get(id);
    if (stream === undefined) throw new Error(`stream ${id} did not come`);
    left++;
    registry.register(stream, id);
    stream.send(small);
    peer.connection.receive(reset(id, 8));
    peer.streams.delete(id);
  }
  for (let attempt = 0; attempt < 100 && left > count / 10; attempt++) {
    Bun.gc(true);
    await Bun.sleep(1);
  }
  return left;
}

test("streams that were reset while they waited for the connection's window are forgotten", async () => {
  const peer = beside({ 4: 0x7fff_ffff });
  expect(await leftBehind(peer, 5)).toBeLessThan(20);
  // The first one waits as it did.
  peer.connection.receive(windowUpdate(0, 1));
  expect(peer.take().at(-1)).toMatchObject({ type: 0, streamId: 1 });
});

test("and those that were reset while the socket took nothing", async () => {
  let isOpen = true;
  const peer = beside({ 4: 0x7fff_ffff }, (bytes) => (isOpen ? bytes : 0));
  peer.take();
  isOpen = false;
  peer.connection.receive(Buffer.concat([settings(), windowUpdate(0, 1)]));
  expect(await leftBehind(peer, 5)).toBeLessThan(20);
  isOpen = true;
  peer.connection.drained();
  expect(peer.faults).toEqual([]);
  peer.connection.receive(data(3, small, true));
  expect(peer.notes.at(-1)).toStartWith("3 end");
});
