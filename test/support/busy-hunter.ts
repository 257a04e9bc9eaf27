/** Hunters under load, and what a capture file must hold of them afterwards. */
import { FlowControl } from "../../src/wire/gen/lippycat/data/data_pb.ts";
import type { MockHunter } from "./mock-hunter.ts";
import { numberedBatch, readMark } from "./numbered-packets.ts";
import { type ReadCaptureFile, readCapture } from "./read-capture.ts";

export interface BusyOptions {
  /** Also the number in its packets; the id is `hunter-<number>`. */
  readonly number: number;
  /** Batches sent and not yet acknowledged. */
  readonly window?: number;
  /** Packets of a batch, and bytes of a packet. */
  readonly packets?: number;
  readonly size?: number;
  /** Sends on after a PAUSE, as far as HTTP/2 lets it. */
  readonly ignoresPause?: boolean;
  /** Stops by itself after this many batches. */
  readonly batches?: number;
  /** Resolves when the batch of that index may go, beside what the window says. */
  readonly before?: (batch: number) => Promise<void>;
}

/** For `before`: a hunter that only has to go on keeps no core busy, and no large file fills up. */
export const unhurried = (): Promise<void> => Bun.sleep(5);

export function hunterId(number: number): string {
  return `hunter-${number}`;
}

/** Keeps a window of batches under way on one stream, and goes on where it was on the next. */
export class BusyHunter {
  readonly id: string;
  readonly packets: number;
  stream: MockHunter;
  /** Batches that went out on more than one stream. */
  readonly resent = new Set<number>();
  private readonly options: BusyOptions;
  /** Batches acknowledged on earlier streams. */
  private base = 0;
  private stopped = false;
  private running: Promise<void>;

  constructor(stream: MockHunter, options: BusyOptions) {
    this.options = options;
    this.id = hunterId(options.number);
    this.packets = options.packets ?? 64;
    this.stream = stream;
    this.running = this.run();
  }

  /** Batches, over all streams. */
  get acked(): number {
    return this.base + this.stream.acks.length;
  }
  get sent(): number {
    return this.base + this.stream.sent;
  }

  /** No new batches; resolves when the last one is with the transport, or the stream has ended. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.stream.wake();
    await this.running;
  }

  /** Stops, and waits until everything sent is acknowledged. */
  async finish(): Promise<void> {
    await this.stop();
    await this.stream.waitAcks(this.stream.sent);
  }

  /** Resolves when that many batches are acknowledged; rejects when the stream ends before. */
  async waitAcked(batches: number): Promise<void> {
    await this.stream.waitAcks(batches - this.base);
  }

  /** Goes on with a new stream after the old one has ended: unacknowledged batches go again. */
  async continueOn(stream: MockHunter): Promise<void> {
    await this.running;
    const { acked, sent } = this;
    for (let batch = acked; batch < sent; batch++) this.resent.add(batch);
    this.base = acked;
    this.stream = stream;
    this.running = this.run();
  }

  private async run(): Promise<void> {
    const { stream, options } = this;
    while (!this.stopped && stream.end === undefined) {
      if (this.sent === (options.batches ?? Number.POSITIVE_INFINITY)) return;
      if (!this.maySend()) {
        await stream.until(() => this.stopped || stream.end !== undefined || this.maySend());
        continue;
      }
      await options.before?.(this.sent);
      await stream.sendPaced(
        numberedBatch({
          hunterId: this.id,
          hunter: options.number,
          first: this.sent * this.packets,
          packets: this.packets,
          sequence: stream.sent + 1,
          ...(options.size === undefined ? {} : { size: options.size }),
        }),
      );
    }
  }

  private maySend(): boolean {
    if (this.sent - this.acked >= (this.options.window ?? 32)) return false;
    return this.options.ignoresPause === true || this.stream.level !== FlowControl.FLOW_PAUSE;
  }
}

/** The numbers of each hunter's packets in file order; throws for a packet under a foreign name. */
export function numbersByHunter(file: ReadCaptureFile): Map<string, number[]> {
  const found = new Map<string, number[]>();
  for (const packet of file.packets) {
    const mark = readMark(packet.bytes);
    const id = hunterId(mark.hunter);
    if (file.format === "pcapng" && (packet.hunter !== id || packet.interface !== "eth0")) {
      throw new Error(`a packet of ${id} stands under ${packet.hunter} ${packet.interface}`);
    }
    const numbers = found.get(id);
    if (numbers === undefined) found.set(id, [mark.number]);
    else numbers.push(mark.number);
  }
  return found;
}

/**
 * Reads the files strictly and checks that everything acknowledged stands in them, nothing that was
 * not sent, and nothing twice but batches that were sent again. Returns their packets.
 */
export function checkRecorded(
  paths: string | readonly string[],
  hunters: readonly BusyHunter[],
): number {
  const found = new Map<string, number[]>();
  let packets = 0;
  for (const path of typeof paths === "string" ? [paths] : paths) {
    const file = readCapture(path);
    packets += file.packets.length;
    for (const [id, numbers] of numbersByHunter(file)) {
      found.set(id, (found.get(id) ?? []).concat(numbers));
    }
  }
  for (const hunter of hunters) {
    const { id, packets: each } = hunter;
    const times = new Map<number, number>();
    for (const number of found.get(id) ?? []) times.set(number, (times.get(number) ?? 0) + 1);
    for (let number = 0; number < hunter.acked * each; number++) {
      if (!times.has(number)) throw new Error(`${id}: packet ${number} was acked and is missing`);
    }
    for (const [number, count] of times) {
      const batch = Math.floor(number / each);
      if (batch >= hunter.sent) throw new Error(`${id}: packet ${number} was never sent`);
      if (count > 1 && !hunter.resent.has(batch)) {
        throw new Error(`${id}: packet ${number} stands ${count} times in the file`);
      }
    }
    found.delete(id);
  }
  if (found.size > 0) throw new Error(`packets of strangers: ${[...found.keys()].join(", ")}`);
  return packets;
}
