/**
 * What ingest relies on, of every sink: done means stored, positions only grow, a full sink loses and
 * repeats nothing, and the bytes of a batch are the caller's again when `offer` returns.
 */
import { afterEach, describe, expect, test } from "bun:test";
import type { Batch } from "../../src/pipeline/batch.ts";
import type { Sink } from "../../src/pipeline/sink.ts";
import { wrapBatch } from "../support/encode-batch.ts";
import { numberedBatch, readMark } from "../support/numbered-packets.ts";
import { until } from "../support/record-in-process.ts";
import { runSize } from "../support/run-size.ts";
import { type Seeded, seeded } from "../support/seeded.ts";
import { type OpenSink, sinkCases } from "./sink-cases.ts";

const queueBytes = 64 * 1024;
/** Of each sink. */
const rounds = runSize("random rounds of sinks", 1, 4);

/** A batch that can be offered again and again, although its bytes are destroyed after each offer. */
class Offer {
  readonly hunter: number;
  readonly first: number;
  readonly count: number;
  readonly rejected: ReadonlySet<number>;
  /** First packet not taken. */
  taken = 0;
  /** The sink's position when all of it was taken. */
  position = Number.POSITIVE_INFINITY;
  private readonly bytes: Uint8Array;

  constructor(hunter: number, first: number, count: number, random: Seeded) {
    this.hunter = hunter;
    this.first = first;
    this.count = count;
    this.rejected = new Set(
      Array.from({ length: count }, (_, index) => index).filter(() => random.between(0, 19) === 0),
    );
    this.bytes = numberedBatch({
      hunterId: `hunter-${hunter}`,
      hunter,
      first,
      packets: count,
      sequence: 1,
      size: random.between(64, 700),
      interfaceName: `eth${random.between(0, 2)}`,
    });
  }

  /** Offers what is left; true when all of it is taken. */
  to(sink: Sink): boolean {
    const batch = this.batch();
    const before = sink.position();
    const taken = sink.offer(batch, this.taken);
    batch.view.bytes.fill(0xa5);
    expect(taken).toBeGreaterThanOrEqual(this.taken);
    expect(taken).toBeLessThanOrEqual(this.count);
    expect(sink.position()).toBeGreaterThanOrEqual(before);
    this.taken = taken;
    if (taken < this.count) return false;
    this.position = sink.position();
    return true;
  }

  /** Keys of the packets that are to be stored. */
  keys(): string[] {
    const keys: string[] = [];
    for (let index = 0; index < this.count; index++) {
      if (!this.rejected.has(index)) keys.push(`${this.hunter}/${this.first + index}`);
    }
    return keys;
  }

  private batch(): Batch {
    const batch = wrapBatch(this.bytes.slice(), `hunter-${this.hunter}`, this.hunter);
    for (const index of this.rejected) batch.rejections[index] = 1;
    return batch;
  }
}

const keysOf = (open: OpenSink): string[] | undefined =>
  open.stored()?.map(({ bytes, hunter }) => {
    const mark = readMark(bytes);
    // Classic pcap does not say whose packet it is.
    if (hunter !== "" && hunter !== `hunter-${mark.hunter}`) {
      throw new Error(`packet of hunter-${mark.hunter} under ${hunter}`);
    }
    return `${mark.hunter}/${mark.number}`;
  });

const quiet = (sinks: readonly Sink[]): Promise<void> =>
  until(() => sinks.every((sink) => sink.done() >= sink.position()), "all to be done");

for (const sinkCase of sinkCases) {
  describe(`the sink ${sinkCase.name}`, () => {
    let open: OpenSink;
    afterEach(() => open.remove());

    test("is done with everything once it is left alone", async () => {
      open = await sinkCase.open(1, queueBytes);
      const [sink] = open.sinks as [Sink];
      expect(sink.done()).toBeLessThanOrEqual(sink.position());
      const offer = new Offer(1, 0, 20, seeded(1));
      expect(offer.to(sink)).toBe(true);
      await quiet(open.sinks);
      expect(sink.done()).toBe(sink.position());
      expect(keysOf(open) ?? offer.keys()).toEqual(offer.keys());
      await open.drain();
      expect(keysOf(open) ?? offer.keys()).toEqual(offer.keys());
    });

    test("takes an empty batch, and one of which everything was rejected", async () => {
      open = await sinkCase.open(1, queueBytes);
      const [sink] = open.sinks as [Sink];
      for (const packets of [0, 3]) {
        const bytes = numberedBatch({ hunterId: "h", hunter: 1, first: 0, packets, sequence: 1 });
        const batch = wrapBatch(bytes, "h", 1);
        batch.rejections.fill(1, 0, packets);
        expect(sink.offer(batch, 0)).toBe(packets);
      }
      await quiet(open.sinks);
      await open.drain();
      expect(open.stored() ?? []).toEqual([]);
    });

    test("that is full says so, and nothing of what it did not take", async () => {
      open = await sinkCase.open(1, queueBytes);
      const [sink] = open.sinks as [Sink];
      const random = seeded(7);
      const offers: Offer[] = [];
      // Nothing is drained while this loop does not let others run.
      for (let first = 0; first < 4000; first += 40) {
        const offer = new Offer(2, first, 40, random);
        offers.push(offer);
        if (!offer.to(sink)) break;
      }
      const last = offers.at(-1) as Offer;
      if (last.taken < last.count) {
        const position = sink.position();
        const { taken } = last;
        for (let again = 0; again < 5; again++) expect(last.to(sink)).toBe(false);
        expect([last.taken, sink.position()]).toEqual([taken, position]);
        expect(sink.done()).toBeLessThan(position);
        await quiet(open.sinks);
        await until(() => last.to(sink), "the rest to be taken");
      }
      await quiet(open.sinks);
      await open.drain();
      const expected = offers.flatMap((offer) => offer.keys());
      expect(keysOf(open) ?? expected).toEqual(expected);
    });

    test("loses nothing that it is done with, at whatever moment it is looked at", async () => {
      for (let seed = 1; seed <= rounds; seed++) {
        if (seed > 1) open.remove();
        open = await sinkCase.open(2, queueBytes);
        await run(open, seeded(seed));
      }
    }, 30_000);
  });
}

async function run(open: OpenSink, random: Seeded): Promise<void> {
  const { sinks } = open;
  const offers: Offer[][] = sinks.map(() => []);
  const next = [0, 0, 0, 0];
  const lastDone = sinks.map(() => 0);
  const check = (): void => {
    const done = sinks.map((sink) => sink.done());
    const keys = keysOf(open);
    for (const [shard, sink] of sinks.entries()) {
      const now = done[shard] as number;
      expect(now).toBeGreaterThanOrEqual(lastDone[shard] as number);
      expect(now).toBeLessThanOrEqual(sink.position());
      lastDone[shard] = now;
      if (keys === undefined) continue;
      const stored = new Set(keys);
      expect(stored.size).toBe(keys.length);
      for (const offer of offers[shard] as Offer[]) {
        if (offer.position > now) continue;
        const missing = offer.keys().filter((key) => !stored.has(key));
        expect(missing, "acknowledged and not in the file").toEqual([]);
      }
    }
  };
  for (let step = 0; step < 400; step++) {
    const shard = random.between(0, sinks.length - 1);
    const mine = offers[shard] as Offer[];
    const sink = sinks[shard] as Sink;
    const last = mine.at(-1);
    if (last !== undefined && last.taken < last.count) last.to(sink);
    else {
      const hunter = shard * 2 + random.between(0, 1);
      const offer = new Offer(hunter, next[hunter] as number, random.between(0, 90), random);
      next[hunter] = (next[hunter] as number) + offer.count;
      mine.push(offer);
      offer.to(sink);
    }
    if (random.between(0, 4) === 0) await Bun.sleep(0);
    if (random.between(0, 19) === 0) check();
  }
  for (const [shard, sink] of sinks.entries()) {
    const last = offers[shard]?.at(-1);
    if (last !== undefined && last.taken < last.count) await until(() => last.to(sink));
  }
  await quiet(sinks);
  check();
  await open.drain();
  const keys = keysOf(open);
  const expected = offers.flat().flatMap((offer) => offer.keys());
  expect(keys?.toSorted() ?? expected.toSorted()).toEqual(expected.toSorted());
  for (const hunter of next.keys()) {
    const own = (key: string): boolean => key.startsWith(`${hunter}/`);
    expect(keys?.filter(own) ?? expected.filter(own)).toEqual(expected.filter(own));
  }
}
