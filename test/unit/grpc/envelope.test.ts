import { describe, expect, test } from "bun:test";
import { limits } from "../../../src/config/limits.ts";
import { Envelope, type EnvelopeFault } from "../../../src/grpc/envelope.ts";
import { MessageBudget } from "../../../src/grpc/message-budget.ts";
import { type Seeded, seeded } from "../../support/seeded.ts";

const messageBytesMax = 4 * 1024 * 1024;

class Decoder {
  readonly messages: string[] = [];
  readonly faults: EnvelopeFault[] = [];
  /** Bytes that were given back. */
  done = 0;
  waits = false;
  /** Answers of `take`, the first next; true when there are none. */
  answers: boolean[] = [];
  readonly envelope: Envelope;
  /** What is not given back. */
  private readonly pushed: { bytes: Buffer; at: number; end: number }[] = [];

  constructor(room = new MessageBudget(messageBytesMax).of(0), max = messageBytesMax) {
    this.envelope = new Envelope({
      messageBytesMax: max,
      room,
      done: (bytes) => this.giveBack(bytes),
      take: (bytes, length) => {
        this.messages.push(Bun.hash(bytes.subarray(0, length)).toString() + length);
        return this.answers.shift() ?? true;
      },
      wait: (waiting) => {
        this.waits = waiting;
      },
      refuse: (fault) => this.faults.push(fault),
    });
  }

  /** Takes a copy of the bytes, in the middle of others; whatever is given back is overwritten at once. */
  push(part: Uint8Array): void {
    const bytes = Buffer.concat([Buffer.from("before"), part, Buffer.from("behind")]);
    const [start, end] = [6, 6 + part.length];
    this.pushed.push({ bytes, at: start, end });
    this.envelope.push(bytes, start, end);
  }

  private giveBack(count: number): void {
    this.done += count;
    for (let left = count; left > 0; ) {
      const [first] = this.pushed;
      if (first === undefined) throw new Error(`${left} bytes were given back that never came`);
      const part = Math.min(left, first.end - first.at);
      first.bytes.fill(0xdd, first.at, first.at + part);
      first.at += part;
      left -= part;
      if (first.at === first.end) this.pushed.shift();
    }
  }
}

function frame(message: Uint8Array, compressed = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = compressed;
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

function messageOf(random: Seeded, length: number): Buffer {
  return Buffer.alloc(length, Buffer.from([random.between(0, 255), random.between(0, 255), 7]));
}

const sign = (message: Uint8Array): string => Bun.hash(message).toString() + message.length;

/** Feeds `stream` in random chunks, and goes on after every stop. */
function feed(decoder: Decoder, stream: Buffer, random: Seeded, chunkMax: number): void {
  for (let at = 0; at < stream.length; ) {
    const length = Math.min(stream.length - at, random.between(1, chunkMax));
    decoder.push(stream.subarray(at, at + length));
    at += length;
    while (decoder.envelope.holding) {
      expect(decoder.done).toBeLessThan(at);
      decoder.envelope.resume();
    }
    expect(decoder.done).toBe(at);
  }
}

describe("an envelope", () => {
  test("gives the same messages however the bytes are cut", () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = seeded(seed);
      const chunkMax = [1, 7, 1000, 200_000][random.between(0, 3)] as number;
      const messages = Array.from({ length: random.between(1, 8) }, () => {
        const size = random.between(0, chunkMax < 1000 ? 3 : 5);
        if (size === 0) return messageOf(random, 0);
        if (size < 4) return messageOf(random, random.between(1, 40));
        return messageOf(random, random.between(1, 2 * limits.smallMessageBytesMax));
      });
      const stream = Buffer.concat(messages.map((message) => frame(message)));
      const decoder = new Decoder();
      decoder.answers = messages.map(() => random.between(0, 2) > 0);
      feed(decoder, stream, random, chunkMax);
      expect(decoder.messages, `seed ${seed}`).toEqual(messages.map(sign));
      expect([decoder.envelope.partial, decoder.faults.length]).toEqual([false, 0]);
    }
  });

  test("finds a message at every split of a short stream in two and three", () => {
    const messages = [Buffer.from("a"), Buffer.alloc(0), Buffer.from("bcd"), Buffer.alloc(0)];
    const stream = Buffer.concat(messages.map((message) => frame(message)));
    for (let first = 0; first <= stream.length; first++) {
      for (let second = first; second <= stream.length; second++) {
        const decoder = new Decoder();
        for (const [from, to] of [
          [0, first],
          [first, second],
          [second, stream.length],
        ]) {
          decoder.push(stream.subarray(from, to));
          expect(decoder.done).toBe(to as number);
        }
        expect(decoder.messages).toEqual(messages.map(sign));
      }
    }
  });

  test("stops between messages and keeps what comes meanwhile, in order", () => {
    const messages = ["one", "two", "three", "four"].map((text) => Buffer.from(text));
    const decoder = new Decoder();
    decoder.answers = [true, false, false, true];
    decoder.push(Buffer.concat(messages.slice(0, 3).map((message) => frame(message))));
    expect(decoder.messages.length).toBe(2);
    expect(decoder.envelope.holding).toBe(true);
    decoder.push(frame(messages[3] as Buffer));
    expect(decoder.messages.length).toBe(2);
    decoder.envelope.resume();
    expect(decoder.messages.length).toBe(3);
    decoder.envelope.resume();
    expect(decoder.messages).toEqual(messages.map(sign));
    expect(decoder.envelope.holding).toBe(false);
  });

  test("leaves a message that was stopped at alone until it goes on", () => {
    const kept: Buffer[] = [];
    const envelope = new Envelope({
      messageBytesMax,
      room: new MessageBudget(messageBytesMax).of(0),
      done: () => {},
      take: (bytes, length) => {
        kept.push(bytes.subarray(0, length));
        return false;
      },
      wait: () => {},
      refuse: () => {},
    });
    const stream = Buffer.concat([frame(Buffer.from("first")), frame(Buffer.from("other"))]);
    for (const byte of stream) envelope.push(Buffer.from([byte]));
    envelope.resume();
    expect(kept.map((bytes) => bytes.toString())).toEqual(["first", "other"]);
  });

  test("refuses a compressed and an overlong message, and takes nothing after it", () => {
    const cases: readonly [Buffer, EnvelopeFault][] = [
      [frame(Buffer.from("abc"), 1), { kind: "compressed" }],
      [frame(Buffer.alloc(11)), { kind: "too-long", length: 11 }],
      [Buffer.from("0080000000", "hex"), { kind: "too-long", length: 2 ** 31 }],
      [Buffer.from("00ffffffff", "hex"), { kind: "too-long", length: 2 ** 32 - 1 }],
    ];
    for (const [bytes, fault] of cases) {
      const decoder = new Decoder(new MessageBudget(100).of(0), 10);
      decoder.push(Buffer.concat([frame(Buffer.alloc(10)), bytes, frame(Buffer.alloc(1))]));
      decoder.push(frame(Buffer.alloc(2)));
      decoder.envelope.resume();
      expect(decoder.messages.length).toBe(1);
      expect(decoder.faults).toEqual([fault]);
    }
  });
});

describe("what came is given back once", () => {
  const small = frame(Buffer.from("small"));

  test("up to the message that was stopped at, and the rest as it goes on", () => {
    const decoder = new Decoder();
    decoder.answers = [true, false, false];
    decoder.push(Buffer.concat([small, small, small, small.subarray(0, 3)]));
    expect(decoder.done).toBe(2 * small.length);
    decoder.push(small.subarray(3));
    expect(decoder.done).toBe(2 * small.length);
    decoder.envelope.resume();
    expect(decoder.done).toBe(3 * small.length);
    decoder.envelope.resume();
    expect(decoder.done).toBe(4 * small.length);
    expect(decoder.messages.length).toBe(4);
  });

  test("up to the prefix of a message that waits for room", () => {
    const length = limits.smallMessageBytesMax + 1;
    const room = new MessageBudget(length).of(0);
    room.reserve(length, () => {});
    const decoder = new Decoder(room);
    const large = frame(Buffer.alloc(length, 3));
    decoder.push(Buffer.concat([small, large.subarray(0, 100)]));
    decoder.push(large.subarray(100, 200));
    expect(decoder.done).toBe(small.length + 5);
    room.release(length);
    expect(decoder.done).toBe(small.length + 200);
    decoder.push(large.subarray(200));
    expect(decoder.done).toBe(small.length + large.length);
    expect(decoder.messages).toEqual([small, large].map((bytes) => sign(bytes.subarray(5))));
  });

  test("and nothing once the RPC is over: its stream gives back what is left", () => {
    for (const ends of ["take", "refuse"] as const) {
      let done = 0;
      const envelope: Envelope = new Envelope({
        messageBytesMax,
        room: new MessageBudget(messageBytesMax).of(0),
        done: (bytes) => {
          done += bytes;
        },
        take: () => {
          if (ends === "take") envelope.close();
          return true;
        },
        wait: () => {},
        refuse: () => {},
      });
      envelope.push(Buffer.from("00", "hex"));
      const bad = ends === "take" ? Buffer.from("00000000", "hex") : Buffer.from("ffffffff", "hex");
      envelope.push(Buffer.concat([bad, small]));
      envelope.push(small);
      envelope.resume();
      expect(done).toBe(1);
    }
  });
});

describe("a large message", () => {
  const large = limits.smallMessageBytesMax + 1;

  test("waits, unread, until there is room for all of it, then goes on by itself", () => {
    const room = new MessageBudget(large + 10).of(0);
    const [one, two, three] = [new Decoder(room), new Decoder(room), new Decoder(room)];
    const bytes = frame(Buffer.alloc(large, 1));
    one.push(bytes.subarray(0, 100));
    two.push(bytes.subarray(0, 100));
    three.push(bytes);
    expect([one.waits, two.waits, three.waits]).toEqual([false, true, true]);
    expect([two.envelope.waitsForRoom, two.envelope.partial]).toEqual([true, true]);
    two.push(bytes.subarray(100));
    expect(two.messages.length).toBe(0);
    one.push(bytes.subarray(100));
    for (const decoder of [one, two, three]) {
      expect(decoder.messages).toEqual([sign(bytes.subarray(5))]);
      expect(decoder.waits).toBe(false);
      expect(decoder.envelope.partial).toBe(false);
    }
    expect(room.reserve(large + 10, () => {})).toBe(true);
  });

  test("small messages pass while large ones wait", () => {
    const room = new MessageBudget(large).of(0);
    const [one, two] = [new Decoder(room), new Decoder(room)];
    one.push(frame(Buffer.alloc(large)).subarray(0, 50));
    two.push(frame(Buffer.alloc(limits.smallMessageBytesMax)));
    expect(two.messages.length).toBe(1);
  });

  test("gives its room back when the call ends, whether it has it or waits for it", () => {
    const room = new MessageBudget(large).of(0);
    const [one, two, three] = [new Decoder(room), new Decoder(room), new Decoder(room)];
    const bytes = frame(Buffer.alloc(large));
    for (const decoder of [one, two, three]) decoder.push(bytes.subarray(0, 50));
    two.envelope.close();
    one.envelope.close();
    expect([two.waits, three.waits]).toEqual([true, false]);
    three.push(bytes.subarray(50));
    expect(three.messages.length).toBe(1);
    two.push(bytes.subarray(50));
    two.envelope.resume();
    expect(two.messages.length).toBe(0);
    expect(room.reserve(large, () => {})).toBe(true);
  });

  test("keeps its room while it is stopped at", () => {
    const room = new MessageBudget(large).of(0);
    const decoder = new Decoder(room);
    decoder.answers = [false];
    decoder.push(frame(Buffer.alloc(large)));
    let ready = false;
    const onReady = (): void => {
      ready = true;
    };
    expect(room.reserve(1, onReady)).toBe(false);
    decoder.envelope.resume();
    expect(ready).toBe(true);
  });

  test("what is wrong behind one that had to wait is refused all the same", () => {
    const room = new MessageBudget(large).of(0);
    const [one, two] = [new Decoder(room), new Decoder(room)];
    const bytes = frame(Buffer.alloc(large));
    one.push(bytes.subarray(0, 50));
    two.push(Buffer.concat([bytes, frame(Buffer.from("x"), 1)]));
    one.push(bytes.subarray(50));
    expect(two.messages.length).toBe(1);
    expect(two.faults).toEqual([{ kind: "compressed" }]);
    two.push(frame(Buffer.from("y")));
    expect(two.messages.length).toBe(1);
  });

  test("a thousand that wait are served one after the other", () => {
    const room = new MessageBudget(large).of(0);
    const bytes = frame(Buffer.alloc(large));
    const first = new Decoder(room);
    first.push(bytes.subarray(0, 9));
    const others = Array.from({ length: 1000 }, () => new Decoder(room));
    for (const decoder of others) decoder.push(bytes);
    first.push(bytes.subarray(9));
    expect(others.every(({ messages }) => messages.length === 1)).toBe(true);
  });
});
