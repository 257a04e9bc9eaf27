/** Reassembly of TLS hellos over TCP segments; the beginnings that wait are a FIFO cache. */
import { limits } from "../config/limits.ts";
import { findHello, isHelloStart } from "./tls-records.ts";

/** Bytes that hold a hello from their start on. */
export interface HelloRange {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** Segments that came before the one that they go behind, and that have no gap between them. */
interface EarlyRun {
  readonly offset: number;
  bytes: Uint8Array;
}

interface PartialHello {
  /** TCP sequence number of the first byte. */
  readonly sequence: number;
  /** What has come without a gap. */
  head: Uint8Array;
  readonly early: EarlyRun[];
}

/**
 * Puts together TLS hellos that are longer than a TCP segment. It remembers at most `hellosMax`
 * unfinished ones, the oldest is forgotten, and of each at most `limits.helloBytesMax`. Segments may
 * come twice, overlap, and change places behind the first one. A segment that comes before the first
 * is not kept: nothing tells yet that it is one of a hello.
 */
export class HelloAssembler {
  private readonly hellos = new Map<string | number, PartialHello>();
  private readonly hellosMax: number;

  constructor(hellosMax: number = limits.hellosMax) {
    this.hellosMax = hellosMax;
  }

  /** Hellos that wait for more. */
  get size(): number {
    return this.hellos.size;
  }

  /** False for a payload of which `add` could make nothing whatever its key is: most are. */
  isWanted(bytes: Uint8Array, start: number, end: number): boolean {
    return this.hellos.size > 0 || isHelloStart(bytes, start, end);
  }

  /**
   * Takes the TCP payload `bytes[start, end)`, which is not empty and begins at `sequence`, of one
   * direction of a conversation, named by `key`. When it makes a hello whole, the answer is the hello: the
   * payload itself, or a copy that is the caller's.
   */
  add(
    key: string | number,
    sequence: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): HelloRange | undefined {
    const known = this.hellos.get(key);
    // Sequence numbers start again after 2^32 - 1.
    const offset = known === undefined ? -1 : (sequence - known.sequence) | 0;
    if (known !== undefined && offset >= 0 && offset < limits.helloBytesMax) {
      extend(known, offset, bytes, start, end);
      return this.finish(key, known);
    }
    // Numbers that are far from the known ones are those of a new connection.
    if (!isHelloStart(bytes, start, end)) return undefined;
    if (findHello(bytes, start, end)?.isWhole === true) {
      this.hellos.delete(key);
      return { bytes, start, end };
    }
    this.begin(key, sequence, bytes, start, end);
    return undefined;
  }

  private begin(
    key: string | number,
    sequence: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    this.hellos.delete(key);
    if (end - start >= limits.helloBytesMax) return;
    if (this.hellos.size >= this.hellosMax) {
      const [oldest] = this.hellos.keys();
      if (oldest !== undefined) this.hellos.delete(oldest);
    }
    this.hellos.set(key, {
      sequence,
      head: copy(bytes, start, end),
      early: [],
    });
  }

  private finish(key: string | number, hello: PartialHello): HelloRange | undefined {
    const { head } = hello;
    const isHello = isHelloStart(head, 0, head.length);
    const isWhole = isHello && findHello(head, 0, head.length)?.isWhole === true;
    if (isWhole || !isHello || head.length >= limits.helloBytesMax) this.hellos.delete(key);
    return isWhole ? { bytes: head, start: 0, end: head.length } : undefined;
  }
}

/** Adds what `bytes[start, end)` has to say of the stream from `offset` on. */
function extend(
  hello: PartialHello,
  offset: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  if (offset > hello.head.length) {
    keepEarly(hello, offset, bytes, start, end);
    return;
  }
  append(hello, offset, bytes.subarray(start, end));
  for (;;) {
    const next = hello.early.findIndex((run) => run.offset <= hello.head.length);
    const [run] = next < 0 ? [] : hello.early.splice(next, 1);
    if (run === undefined) break;
    append(hello, run.offset, run.bytes);
  }
}

function keepEarly(
  hello: PartialHello,
  offset: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  const { head, early } = hello;
  const kept = early.reduce((sum, run) => sum + run.bytes.length, head.length);
  if (kept + end - start > limits.helloBytesMax) return;
  const run = early.find((one) => offset >= one.offset && offset <= one.offset + one.bytes.length);
  if (run !== undefined) {
    const known = run.offset + run.bytes.length - offset;
    if (end - start > known) run.bytes = joined(run.bytes, bytes.subarray(start + known, end));
  } else if (early.length < limits.helloEarlyRunsMax) {
    early.push({ offset, bytes: copy(bytes, start, end) });
  }
}

/** `segment` starts in the head or at its end; what is in both stays as it came first. */
function append(hello: PartialHello, offset: number, segment: Uint8Array): void {
  const { head } = hello;
  const length = Math.min(offset + segment.length, limits.helloBytesMax);
  if (length <= head.length) return;
  const longer = new Uint8Array(length);
  longer.set(head);
  longer.set(segment.subarray(head.length - offset, length - offset), head.length);
  hello.head = longer;
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}

/** Not `slice`, which gives a view where the bytes are a Buffer. */
function copy(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(bytes.subarray(start, end));
}
