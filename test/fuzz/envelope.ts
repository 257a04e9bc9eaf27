import { limits } from "../../src/config/limits.ts";
import { Envelope } from "../../src/grpc/envelope.ts";
import { MessageBudget, type MessageRoom } from "../../src/grpc/message-budget.ts";
import { check, type Fuzzer, type Random, runRounds } from "./fuzzer.ts";

const messageBytesMax = 300 * 1024;
const smallBytesMax = limits.tunnelSmallMessageBytesMax;

/**
 * The decoder of length-prefixed messages: however the bytes are cut, whoever says stop and whatever
 * the budget has, the messages are those of a decoder that has all bytes at once; no room is lost, and
 * each byte is given back once.
 */
export const envelopeFuzzer: Fuzzer = {
  name: "envelope",
  run(seed, rounds) {
    runRounds("envelope", seed, rounds, (random, keep) => {
      const bytes = stream(random);
      keep(bytes);
      const expected = decodeWhole(bytes);
      const room = new MessageBudget(messageBytesMax).of(0);
      const found = decodeInParts(random, bytes, room);
      check(found.join() === expected.join(), `found ${found.join()}, not ${expected.join()}`);
      check(
        room.reserve(messageBytesMax, () => {}),
        "room in the budget was lost",
      );
    });
  },
};

function stream(random: Random): Buffer {
  const parts: Uint8Array[] = [];
  for (let count = random.below(12); count > 0; count--) {
    const most = random.pick([0, 5, 200, smallBytesMax + 2, 40_000]);
    const message = new Uint8Array(random.below(most + 1)).fill(random.below(256));
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(message.length, 1);
    parts.push(prefix, message);
  }
  if (random.isChance(20)) parts.push(random.bytes(random.below(9)));
  const bytes = Buffer.concat(parts);
  return random.isChance(30) ? Buffer.from(random.mutate(bytes)) : bytes;
}

/** Each message by its length and hash, and what ended the stream. */
function decodeWhole(bytes: Buffer): string[] {
  const found: string[] = [];
  let at = 0;
  while (bytes.length - at >= 5) {
    const length = bytes.readUInt32BE(at + 1);
    if (bytes[at] !== 0) return [...found, "compressed"];
    if (length > messageBytesMax) return [...found, "too-long"];
    at += 5;
    if (bytes.length - at < length) break;
    found.push(nameOf(bytes.subarray(at, at + length)));
    at += length;
  }
  return found;
}

function decodeInParts(random: Random, bytes: Buffer, room: MessageRoom): string[] {
  const found: string[] = [];
  let isStopped = false;
  let isOver = false;
  let done = 0;
  const envelope = new Envelope({
    messageBytesMax,
    smallBytesMax,
    room,
    done: (count) => {
      // Nobody needs them any more.
      source.fill(0xdd, done, done + count);
      done += count;
    },
    take: (message, length) => {
      found.push(nameOf(message.subarray(0, length)));
      isStopped = random.isChance(20);
      return !isStopped;
    },
    wait: () => {},
    refuse: ({ kind }) => {
      isOver = true;
      found.push(kind);
    },
  });
  const source = Buffer.from(bytes);
  // Somebody else has the room at times, and gives it back.
  let taken = 0;
  const release = (): void => {
    const held = taken;
    taken = 0;
    if (held > 0) room.release(held);
  };
  const resume = (): void => {
    while (isStopped) {
      isStopped = false;
      envelope.resume();
    }
  };
  for (let at = 0; at < bytes.length; ) {
    const part = 1 + random.below(random.pick([1, 7, 1000, 70_000]));
    const isFree = taken === 0 && !isStopped && !envelope.hasRoom && !envelope.waitsForRoom;
    if (isFree && random.isChance(10)) {
      check(
        room.reserve(messageBytesMax, () => {}),
        "room in the budget was lost",
      );
      taken = messageBytesMax;
    }
    const end = Math.min(bytes.length, at + part);
    envelope.push(source, at, end);
    at = end;
    check(done <= at, `${done} bytes of ${at} were given back`);
    if (random.isChance(50)) release();
    if (random.isChance(60)) resume();
  }
  release();
  resume();
  check(isOver || done === bytes.length, `${done} bytes of ${bytes.length} were given back`);
  envelope.close();
  return found;
}

function nameOf(message: Uint8Array): string {
  return `${message.length}:${Bun.hash(message)}`;
}
