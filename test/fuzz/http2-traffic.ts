/** What a client of HTTP/2 may send, at random and always valid, and what a server must see of it. */
import type { HeaderPairs } from "../../src/http2/header-encoder.ts";
import { HpackWriter } from "../support/hpack-writer.ts";
import { clientPreface, frame, reset, settings, windowUpdate } from "../support/http2-frames.ts";
import type { Random } from "./fuzzer.ts";

/** A frame, and how much of the server's windows it takes. */
export interface Piece {
  readonly bytes: Buffer;
  readonly streamId: number;
  readonly flowBytes: number;
}

export interface SentStream {
  readonly id: number;
  readonly head: HeaderPairs;
  readonly answerBytes: number;
  body: Buffer;
  trailers: HeaderPairs | undefined;
  /** `reset-late`: after its end, when the answer may have gone already. */
  state: "open" | "finished" | "reset" | "reset-late";
  resetCode: number;
}

export interface Traffic {
  readonly pieces: readonly Piece[];
  readonly streams: readonly SentStream[];
}

/** Of the last frame, a PING, whose answer shows that everything was read. */
export const lastPing: Buffer = Buffer.from("the last");

const streamsMax = 12;
const enough = 1 << 20;
/** So much padding that the stream stands still if it is not given back. */
const paddedFrames = 520;
const names = [
  "accept",
  "cookie",
  "user-agent",
  "via",
  "x-a",
  "x-much-longer-name",
  "etag",
  "te-x",
];

export function randomTraffic(random: Random): Traffic {
  return new TrafficMaker(random).make();
}

class TrafficMaker {
  private readonly random: Random;
  private readonly hpack: HpackWriter;
  private readonly pieces: Piece[] = [];
  private readonly streams: SentStream[] = [];
  /** What is left of the body of each stream that goes on. */
  private readonly rest = new Map<SentStream, Buffer>();

  constructor(random: Random) {
    this.random = random;
    this.hpack = new HpackWriter(random);
  }

  make(): Traffic {
    const paddedStep = this.random.isChance(20) ? this.random.below(30) : -1;
    this.push(Buffer.from(clientPreface));
    this.push(settings(this.someSettings()));
    this.push(frame(4, 1, 0, Buffer.alloc(0)));
    for (let steps = this.random.between(5, 80); steps > 0; steps--) {
      this.step();
      if (steps === paddedStep) this.muchPadding();
    }
    for (const stream of this.rest.keys()) {
      if (this.random.isChance(85)) this.finish(stream);
    }
    this.grant();
    this.push(frame(6, 0, 0, lastPing));
    return { pieces: this.pieces, streams: this.streams };
  }

  private step(): void {
    const { random } = this;
    const going = [...this.rest.keys()];
    const stream = going.length === 0 ? undefined : random.pick(going);
    const any = this.streams.length === 0 ? undefined : random.pick(this.streams);
    switch (random.below(14)) {
      case 0:
      case 1:
      case 2:
        if (this.streams.length < streamsMax) this.open();
        break;
      case 3:
      case 4:
      case 5:
      case 6:
        if (stream !== undefined) this.data(stream);
        break;
      case 7:
        if (stream !== undefined) this.finish(stream);
        break;
      case 8:
        this.push(settings(this.someSettings()));
        break;
      case 9:
        if (any !== undefined && !any.state.startsWith("reset")) {
          this.push(windowUpdate(random.pick([0, any.id]), random.between(1, 100_000)));
        }
        break;
      case 10:
        this.push(frame(6, 0, 0, Buffer.from(random.bytes(8))));
        break;
      case 11:
        this.push(frame(2, 0, 2 * random.below(40) + 1, this.priority(0)));
        break;
      case 12:
        this.push(
          frame(
            random.between(32, 255),
            random.below(256),
            random.pick([0, any?.id ?? 0]),
            this.junk(),
          ),
        );
        break;
      default:
        if (stream !== undefined && random.isChance(40)) this.reset(stream, "reset");
        else if (any?.state === "finished" && random.isChance(30)) this.reset(any, "reset-late");
    }
  }

  private open(): void {
    const { random } = this;
    const id = 2 * this.streams.length + 1;
    const length = random.below(random.pick([1, 20, 5000, 100_000]));
    const answerBytes = random.below(random.pick([1, 100, 20_000, 150_000]));
    const fields: (readonly [string, string])[] = [["x-answer-bytes", String(answerBytes)]];
    if (random.isChance(30)) fields.push(["content-length", String(length)]);
    if (random.isChance(30)) fields.push(["te", "trailers"]);
    fields.push(...this.someFields());
    const head = [
      [":method", random.pick(["GET", "POST", "PUT", "OPTIONS", "PATCH", "X-OWN"])],
      [":scheme", random.pick(["http", "https"])],
      [
        ":path",
        random.pick(["/", "/index.html", "/a.B/C", `/${"p".repeat(random.below(300))}?q=1`]),
      ],
      [":authority", random.pick(["localhost", "127.0.0.1:80", "a.example"])],
    ] as const;
    const stream: SentStream = {
      id,
      head: [...head, ...fields],
      answerBytes,
      body: Buffer.alloc(0),
      trailers: undefined,
      state: "open",
      resetCode: 0,
    };
    this.streams.push(stream);
    const endsStream = length === 0 && random.isChance(60);
    this.headers(stream, stream.head, endsStream);
    if (endsStream) stream.state = "finished";
    else this.rest.set(stream, Buffer.from(random.bytes(length)));
  }

  /** A part of what is left, which may be nothing. */
  private data(stream: SentStream, endsStream = false): void {
    const rest = this.rest.get(stream) as Buffer;
    const most = Math.min(rest.length, this.random.pick([0, 10, 1000, 16_000]));
    const part = rest.subarray(0, endsStream ? rest.length : this.random.below(most + 1));
    this.rest.set(stream, rest.subarray(part.length));
    stream.body = Buffer.concat([stream.body, part]);
    const { payload, flags } = this.padded(part);
    const bytes = frame(0, flags | (endsStream ? 1 : 0), stream.id, payload);
    this.pieces.push({ bytes, streamId: stream.id, flowBytes: payload.length });
  }

  private muchPadding(): void {
    const [stream] = this.rest.keys();
    if (stream === undefined) return;
    const padding = 255;
    const payload = Buffer.concat([Buffer.from([padding]), Buffer.alloc(padding)]);
    const bytes = frame(0, 8, stream.id, payload);
    for (let count = 0; count < paddedFrames; count++) {
      this.pieces.push({ bytes, streamId: stream.id, flowBytes: payload.length });
    }
  }

  private finish(stream: SentStream): void {
    while ((this.rest.get(stream) as Buffer).length > 10_000) this.data(stream);
    const hasTrailers = this.random.isChance(40);
    if (hasTrailers) {
      while ((this.rest.get(stream) as Buffer).length > 0) this.data(stream);
      stream.trailers = [["x-last", "1"], ...this.someFields()];
      this.headers(stream, stream.trailers, true);
    } else this.data(stream, true);
    stream.state = "finished";
    this.rest.delete(stream);
  }

  private reset(stream: SentStream, state: "reset" | "reset-late"): void {
    stream.state = state;
    stream.resetCode = this.random.pick([0, 2, 5, 7, 8, 11]);
    this.push(reset(stream.id, stream.resetCode));
    this.rest.delete(stream);
  }

  /** HEADERS, and CONTINUATION where the block is cut. */
  private headers(stream: SentStream, fields: HeaderPairs, endsStream: boolean): void {
    const { random } = this;
    const block = this.hpack.block(fields);
    const cuts = Array.from({ length: random.below(3) }, () => random.below(block.length + 1));
    cuts.sort((a, b) => a - b);
    const parts = [0, ...cuts].map((from, at) => block.subarray(from, cuts[at] ?? block.length));
    for (const [at, part] of parts.entries()) {
      const last = at === parts.length - 1 ? 4 : 0;
      if (at > 0) {
        this.push(frame(9, last, stream.id, part));
        continue;
      }
      const hasPriority = random.isChance(20);
      const inside = hasPriority ? Buffer.concat([this.priority(stream.id), part]) : part;
      const { payload, flags } = this.padded(inside);
      const all = flags | last | (endsStream ? 1 : 0) | (hasPriority ? 0x20 : 0);
      this.push(frame(1, all, stream.id, payload));
    }
  }

  private padded(bytes: Buffer): { payload: Buffer; flags: number } {
    if (!this.random.isChance(30)) return { payload: bytes, flags: 0 };
    const padding = this.random.below(256);
    const payload = Buffer.concat([Buffer.from([padding]), bytes, Buffer.alloc(padding)]);
    return { payload, flags: 8 };
  }

  /** On a stream that is not `ownId`: those have odd numbers. */
  private priority(ownId: number): Buffer {
    const bytes = Buffer.alloc(5, this.random.below(256));
    const on = this.random.isChance(50) ? 0 : (ownId + 2 * this.random.below(9)) & ~1;
    bytes.writeUInt32BE((on | (this.random.isChance(30) ? 0x8000_0000 : 0)) >>> 0);
    return bytes;
  }

  private someSettings(): Record<number, number> {
    const { random } = this;
    const values: [number, number][] = [
      [1, random.below(8192)],
      [2, random.below(2)],
      [3, random.below(100)],
      [4, random.pick([0, 1, 1000, 65_535, 200_000])],
      [5, random.between(16_384, 16_777_215)],
      [6, random.between(16_384, 1_000_000)],
      [random.between(32, 65_535), random.uint32()],
    ];
    return Object.fromEntries(values.filter(() => random.isChance(30)));
  }

  private someFields(): (readonly [string, string])[] {
    const { random } = this;
    return Array.from({ length: random.below(8) }, () => {
      const length = random.below(random.pick([1, 10, 60, random.isChance(5) ? 2000 : 60]));
      return [random.pick(names), this.value(length)] as const;
    });
  }

  /** Visible at both ends: letters that HPACK has short codes for, or everything that may be in a value. */
  private value(length: number): string {
    const { random } = this;
    const isShort = random.isChance(60);
    const visible = () => String.fromCharCode(random.between(0x21, 0x7e));
    const inner = () => {
      if (isShort) return random.pick([..."aceiost012bdfghlmnpru-./"]);
      if (random.isChance(10)) return random.pick([" ", "\t"]);
      return random.isChance(20) ? String.fromCharCode(random.between(0x80, 0xff)) : visible();
    };
    if (length < 3) return isShort ? "a".repeat(length) : visible().repeat(length);
    return `a${Array.from({ length: length - 2 }, inner).join("")}${isShort ? "e" : visible()}`;
  }

  /** Windows for all that is to come, by one setting for all streams or by a frame for each. */
  private grant(): void {
    const { random } = this;
    const grants = [windowUpdate(0, 64 * enough)];
    if (random.isChance(50)) grants.push(settings({ 4: enough }));
    else {
      for (const { id, state } of this.streams) {
        if (state === "finished") grants.push(windowUpdate(id, enough));
      }
    }
    if (random.isChance(50)) grants.reverse();
    for (const bytes of grants) this.push(bytes);
  }

  private junk(): Buffer {
    return Buffer.from(this.random.bytes(this.random.below(50)));
  }

  private push(bytes: Buffer): void {
    this.pieces.push({ bytes, streamId: 0, flowBytes: 0 });
  }
}
