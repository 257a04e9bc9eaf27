/** Fuzzers of HTTP/2: frames of a client however cut, header blocks, and a whole exchange of two peers. */

import { FramedBytes, framedRoom } from "../../src/http2/framed-bytes.ts";
import { HeaderDecoder } from "../../src/http2/header-decoder.ts";
import { encodeHeaders } from "../../src/http2/header-encoder.ts";
import {
  clientPreface,
  data,
  frame,
  framesOf,
  headers,
  literalBlock,
  requestFields,
  reset,
  settings,
  windowUpdate,
} from "../support/http2-frames.ts";
import { Http2Peer } from "../support/http2-peer.ts";
import { check, type Fuzzer, type Random, runRounds } from "./fuzzer.ts";

/** Whatever comes, and however it is cut: the same events, no exception, whole frames of ours. */
export const http2FramesFuzzer: Fuzzer = {
  name: "http2-frames",
  run(seed, rounds) {
    runRounds("http2-frames", seed, rounds, (random, keep) => {
      const bytes = session(random);
      keep(bytes);
      const whole = observe(bytes, () => bytes.length);
      const cut = observe(bytes, () => 1 + random.below(random.pick([1, 9, 100, 20_000])));
      check(cut.join("\n") === whole.join("\n"), `cut: ${cut.join()}, whole: ${whole.join()}`);
    });
  },
};

/** What a server says that it saw of these bytes. */
function observe(bytes: Buffer, size: () => number): string[] {
  const peer = new Http2Peer();
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + size());
    peer.connection.receive(bytes.subarray(at, end));
    at = end;
  }
  const sums = [...peer.received.keys()].map((id) => `${id}: ${Bun.hash(peer.bytesOf(id))}`);
  const { rest } = framesOf(peer.bytes());
  check(rest === 0, `${rest} bytes of a frame that is not whole were written`);
  return [...peer.notes, ...sums];
}

function session(random: Random): Buffer {
  const parts: Buffer[] = [Buffer.from(clientPreface), settings()];
  let id = 1;
  for (let count = random.below(30); count > 0; count--) {
    const stream = random.isChance(80) ? Math.max(1, id - 2 * random.below(3)) : random.below(9);
    switch (random.below(10)) {
      case 0:
      case 1:
        parts.push(headers(id, requestFields, random.isChance(20)));
        id += 2;
        break;
      case 2:
      case 3:
      case 4:
        parts.push(
          data(stream, Buffer.from(random.bytes(random.below(3000))), random.isChance(10)),
        );
        break;
      case 5:
        parts.push(windowUpdate(random.pick([0, stream]), random.below(100_000)));
        break;
      case 6:
        parts.push(settings({ [random.below(8)]: random.below(100_000) }));
        break;
      case 7:
        parts.push(reset(stream, random.below(14)));
        break;
      case 8: {
        const block = literalBlock(requestFields);
        const at = random.below(block.length);
        parts.push(frame(1, 0, id, block.subarray(0, at)), frame(9, 4, id, block.subarray(at)));
        id += 2;
        break;
      }
      default: {
        const payload = Buffer.from(random.bytes(random.below(20)));
        parts.push(frame(random.below(12), random.below(256), stream, payload));
      }
    }
  }
  const bytes = Buffer.concat(parts);
  return random.isChance(30) ? Buffer.from(random.mutate(bytes)) : bytes;
}

/** Header blocks: no exception, bounded lists, and what is encoded is decoded. */
export const hpackFuzzer: Fuzzer = {
  name: "hpack",
  run(seed, rounds) {
    runRounds("hpack", seed, rounds, (random, keep) => {
      const decoder = new HeaderDecoder({ tableBytesMax: 4096, listBytesMax: 2000 });
      for (let count = 1 + random.below(4); count > 0; count--) {
        const text = (most: number) =>
          Buffer.from(random.bytes(random.below(most))).toString("latin1");
        const fields = Array.from(
          { length: random.below(8) },
          () => [text(20), text(100)] as const,
        );
        const block = random.isChance(50)
          ? encodeHeaders(fields)
          : Buffer.from(random.bytes(random.below(60)));
        const isMutated = random.isChance(30);
        const tried = isMutated ? Buffer.from(random.mutate(block)) : block;
        keep(tried);
        const decoded = decoder.decode(tried);
        if (typeof decoded === "string") return;
        const size = decoded.fields.reduce((sum, [a, b]) => sum + a.length + b.length + 32, 0);
        check(size <= 2000, `a list of ${size} bytes`);
      }
      const fields = [["a", Buffer.from(random.bytes(50)).toString("latin1")] as const];
      const decoded = decoder.decode(encodeHeaders(fields));
      check(typeof decoded === "object" && decoded.fields[0]?.[1] === fields[0]?.[1], "changed");
    });
  },
};

/** A client and a server of ours, a socket between them that takes little, windows that change. */
export const http2PairFuzzer: Fuzzer = {
  name: "http2-pair",
  run(seed, rounds) {
    runRounds("http2-pair", seed, rounds, (random, keep) => {
      keep(new Uint8Array(0));
      const takes = () => random.below(random.pick([10, 1000, 100_000]));
      const server = new Http2Peer({
        takes: (bytes) => Math.min(bytes, takes()),
        consumes: random.isChance(80),
      });
      const client = new Http2Peer({ role: "client", takes: (bytes) => Math.min(bytes, takes()) });
      const sent = new Map<number, Buffer[]>();
      const answers = new Map<number, Buffer[]>();
      const carry = () => {
        const up = client.bytes();
        if (up.length > 0) server.connection.receive(up);
        const down = server.bytes();
        if (down.length > 0) client.connection.receive(down);
        client.connection.drained();
        server.connection.drained();
      };
      for (let count = 0; count < 3; count++) {
        const id = 2 * count + 1;
        const stream = client.connection.request(
          encodeHeaders(requestFields),
          client.noting(id, () => stream),
        );
        for (let part = random.below(5); part > 0; part--) {
          const bytes = Buffer.from(random.bytes(random.below(30_000)));
          sent.set(id, [...(sent.get(id) ?? []), bytes]);
          stream?.send(bytes);
        }
        stream?.end();
        carry();
      }
      for (let round = 0; round < 50; round++) carry();
      for (const [id, stream] of server.streams) {
        stream.sendHeaders(encodeHeaders([[":status", "200"]]));
        for (let part = random.below(5); part > 0; part--) {
          const bytes = Buffer.from(random.bytes(random.below(60_000)));
          answers.set(id, [...(answers.get(id) ?? []), bytes]);
          const room = Buffer.concat([bytes], framedRoom(bytes.length));
          const framed = FramedBytes.spread(room, bytes.length);
          if (random.isChance(50)) stream.send(bytes);
          else if (bytes.length > 0) stream.sendFramed(framed);
        }
        stream.end(encodeHeaders([["grpc-status", "0"]]));
      }
      for (let round = 0; round < 20_000; round++) {
        carry();
        if (server.connection.streams.size === 0 && client.connection.streams.size === 0) break;
      }
      check(server.faults.length + client.faults.length === 0, "a fault among our own");
      for (const [id, parts] of answers) {
        check(Buffer.concat(parts).equals(client.bytesOf(id)), `answers of ${id} differ`);
      }
      for (const [id, parts] of sent) {
        const bytes = Buffer.concat(parts);
        const got = server.bytesOf(id);
        check(bytes.subarray(0, got.length).equals(got), `requests of ${id} differ`);
      }
    });
  },
};
