import { describe, expect, test } from "bun:test";
import { limits } from "../../../src/config/limits.ts";
import { Envelope, type EnvelopeFault } from "../../../src/grpc/envelope.ts";
import { MessageBudget, type MessageRoom } from "../../../src/grpc/message-budget.ts";
import { type Seeded, seeded } from "../../support/seeded.ts";

const messageBytesMax = 4 * 1024 * 1024;

class Decoder {
  readonly messages: string[] = [];
  readonly faults: EnvelopeFault[] = [];
  waits = false;
  /** Answers of `take`, the first next; true when there are none. */
  answers: boolean[] = [];
  readonly envelope: Envelope;

  constructor(room = new MessageBudget(messageBytesMax).of(0), max = messageBytesMax) {
    this.envelope = new Envelope({
      messageBytesMax: max,
      room,
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
    // A copy that is overwritten: nobody may keep what he did not stop for.
    const chunk = Buffer.from(stream.subarray(at, at + length));
    decoder.envelope.push(chunk);
    while (decoder.envelope.holding) decoder.envelope.resume();
    chunk.fill(0xdd);
    at += length;
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
          decoder.envelope.push(stream.subarray(from, to));
        }
        expect(decoder.messages).toEqual(messages.map(sign));
      }
    }
  });

  test("stops between messages and keeps what comes meanwhile, in order", () => {
    const messages = ["one", "two", "three", "four"].map((text) => Buffer.from(text));
    const decoder = new Decoder();
    decoder.answers = [true, false, false, true];
    decoder.envelope.push(Buffer.concat(messages.slice(0, 3).map((message) => frame(message))));
    expect(decoder.messages.length).toBe(2);
    expect(decoder.envelope.holding).toBe(true);
    decoder.envelope.push(frame(messages[3] as Buffer));
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
      decoder.envelope.push(
        Buffer.concat([frame(Buffer.alloc(10)), bytes, frame(Buffer.alloc(1))]),
      );
      decoder.envelope.push(frame(Buffer.alloc(2)));
      decoder.envelope.resume();
      expect(decoder.messages.length).toBe(1);
      expect(decoder.faults).toEqual([fault]);
    }
  });
});

describe("a large message", () => {
  const large = limits.smallMessageBytesMax + 1;

  test("waits, unread, until there is room for all of it, then goes on by itself", () => {
    const room = new MessageBudget(large + 10).of(0);
    const [one, two, three] = [new Decoder(room), new Decoder(room), new Decoder(room)];
    const bytes = frame(Buffer.alloc(large, 1));
    one.envelope.push(bytes.subarray(0, 100));
    two.envelope.push(bytes.subarray(0, 100));
    three.envelope.push(bytes);
    expect([one.waits, two.waits, three.waits]).toEqual([false, true, true]);
    expect([two.envelope.waitsForRoom, two.envelope.partial]).toEqual([true, true]);
    two.envelope.push(bytes.subarray(100));
    expect(two.messages.length).toBe(0);
    one.envelope.push(bytes.subarray(100));
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
    one.envelope.push(frame(Buffer.alloc(large)).subarray(0, 50));
    two.envelope.push(frame(Buffer.alloc(limits.smallMessageBytesMax)));
    expect(two.messages.length).toBe(1);
  });

  test("gives its room back when the call ends, whether it has it or waits for it", () => {
    const room = new MessageBudget(large).of(0);
    const [one, two, three] = [new Decoder(room), new Decoder(room), new Decoder(room)];
    const bytes = frame(Buffer.alloc(large));
    for (const decoder of [one, two, three]) decoder.envelope.push(bytes.subarray(0, 50));
    two.envelope.close();
    one.envelope.close();
    expect([two.waits, three.waits]).toEqual([true, false]);
    three.envelope.push(bytes.subarray(50));
    expect(three.messages.length).toBe(1);
    two.envelope.push(bytes.subarray(50));
    two.envelope.resume();
    expect(two.messages.length).toBe(0);
    expect(room.reserve(large, () => {})).toBe(true);
  });

  test("keeps its room while it is stopped at", () => {
    const room = new MessageBudget(large).of(0);
    const decoder = new Decoder(room);
    decoder.answers = [false];
    decoder.envelope.push(frame(Buffer.alloc(large)));
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
    one.envelope.push(bytes.subarray(0, 50));
    two.envelope.push(Buffer.concat([bytes, frame(Buffer.from("x"), 1)]));
    one.envelope.push(bytes.subarray(50));
    expect(two.messages.length).toBe(1);
    expect(two.faults).toEqual([{ kind: "compressed" }]);
    two.envelope.push(frame(Buffer.from("y")));
    expect(two.messages.length).toBe(1);
  });

  test("a thousand that wait are served one after the other", () => {
    const room = new MessageBudget(large).of(0);
    const bytes = frame(Buffer.alloc(large));
    const first = new Decoder(room);
    first.envelope.push(bytes.subarray(0, 9));
    const others = Array.from({ length: 1000 }, () => new Decoder(room));
    for (const decoder of others) decoder.envelope.push(bytes);
    first.envelope.push(bytes.subarray(9));
    expect(others.every(({ messages }) => messages.length === 1)).toBe(true);
  });
});

test("the budget serves in the order of asking, without loss over many random steps", () => {
  for (let seed = 1; seed <= 100; seed++) {
    const random = seeded(seed);
    const total = 1000;
    const budget = new MessageBudget(total);
    const held: { bytes: number; room: MessageRoom }[] = [];
    let waiting: { bytes: number; room: MessageRoom; ready: () => void }[] = [];
    for (let step = 0; step < 300; step++) {
      const what = random.between(0, 9);
      if (what < 5) {
        const bytes = random.between(1, total);
        const room = budget.of(step);
        const waiter = { bytes, room, ready: () => {} };
        waiter.ready = () => {
          expect(waiting[0]).toBe(waiter);
          waiting.shift();
          held.push({ bytes, room });
        };
        if (room.reserve(bytes, waiter.ready)) held.push({ bytes, room });
        else waiting.push(waiter);
      } else if (what < 9 && held.length > 0) {
        const [gone] = held.splice(random.between(0, held.length - 1), 1);
        gone?.room.release(gone.bytes);
      } else if (waiting.length > 0) {
        const gone = waiting[random.between(0, waiting.length - 1)];
        waiting = waiting.filter((waiter) => waiter !== gone);
        gone?.room.forget(gone.ready);
      }
      const used = held.reduce((sum, { bytes }) => sum + bytes, 0);
      expect(used).toBeLessThanOrEqual(total);
      if (waiting[0] !== undefined) expect(used + waiting[0].bytes).toBeGreaterThan(total);
    }
  }
});

describe("of the budget, one client", () => {
  test("has half, or one message, and the rest stays for others", () => {
    const budget = new MessageBudget(100);
    const [greedy, modest] = [budget.of(1), budget.of(2)];
    expect(greedy.reserve(80, () => {})).toBe(true);
    expect(greedy.reserve(10, () => {})).toBe(false);
    expect(modest.reserve(10, () => {})).toBe(true);
    expect(modest.reserve(10, () => {})).toBe(true);
    expect([greedy.othersWait(), modest.othersWait()]).toEqual([false, true]);
  });

  test("with many messages is served in turn with another that comes later", () => {
    const budget = new MessageBudget(100);
    const [greedy, modest] = [budget.of(1), budget.of(2)];
    const served: string[] = [];
    expect(greedy.reserve(100, () => {})).toBe(true);
    for (let asked = 0; asked < 3; asked++) {
      expect(greedy.reserve(100, () => served.push("greedy"))).toBe(false);
    }
    expect(modest.reserve(60, () => served.push("modest"))).toBe(false);
    expect(greedy.othersWait()).toBe(true);
    greedy.release(100);
    greedy.release(100);
    expect(served).toEqual(["greedy", "modest"]);
    modest.release(60);
    expect(served).toEqual(["greedy", "modest", "greedy"]);
  });
});
