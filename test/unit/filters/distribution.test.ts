/** What hunters are told, against the model of an existing hunter. */
import { describe, expect, test } from "bun:test";
import { create } from "@bufbuild/protobuf";
import { limits } from "../../../src/config/limits.ts";
import { Distribution, type Subscription } from "../../../src/filters/distribution.ts";
import { type Filter, sameFilter } from "../../../src/filters/filter.ts";
import { typesSupported } from "../../../src/filters/filter-types.ts";
import { type FilterStep, isFor } from "../../../src/filters/hunter-view.ts";
import {
  FilterSchema,
  FilterType,
  FilterUpdateSchema,
  FilterUpdateType,
} from "../../../src/wire/gen/lippycat/management/management_pb.ts";
import { FilterModel } from "../../support/filter-model.ts";
import { seededRandom } from "../../support/seed.ts";
import { filterOf } from "./filter-samples.ts";

const { FILTER_BPF, FILTER_SIP_USER, FILTER_IP_ADDRESS, FILTER_IMSI, FILTER_HTTP_URL } = FilterType;
const { UPDATE_ADD, UPDATE_MODIFY, UPDATE_DELETE } = FilterUpdateType;
const voip = ["bpf", "ip_address", "sip_user", "phone_number", "call_id", "codec", "sip_uri"];

class Bench {
  nowMs = 1000;
  readonly filters = new Map<string, Filter>();
  readonly capabilities = new Map<string, readonly string[]>();
  readonly evicted: string[] = [];
  readonly distribution = new Distribution({
    filters: this.filters,
    clock: { monotonicMs: () => this.nowMs, wallMs: () => 0, random: () => 0 },
    capabilitiesOf: (hunterId) => this.capabilities.get(hunterId),
    evict: (hunterId, reason) => this.evicted.push(`${hunterId}: ${reason}`),
  });

  set(filter: Filter): number {
    const before = this.filters.get(filter.id);
    this.filters.set(filter.id, filter);
    return this.distribution.publish([{ id: filter.id, before, after: filter }]);
  }

  delete(id: string): number {
    const before = this.filters.get(id);
    this.filters.delete(id);
    return this.distribution.publish([{ id, before, after: undefined }]);
  }

  register(hunterId: string, types: readonly string[] = voip): Hunter {
    this.capabilities.set(hunterId, types);
    const hunter = new Hunter(this, hunterId);
    hunter.model.replace(
      this.distribution.register(hunterId).map((filter) => create(FilterSchema, wire(filter))),
    );
    return hunter;
  }

  /** Exactly the filters of the set that are for the hunter. */
  expectHeld(hunter: Hunter): void {
    const types = typesSupported(this.capabilities.get(hunter.id));
    const wanted = [...this.filters.values()].filter((filter) => isFor(filter, hunter.id, types));
    const held = [...hunter.model.filters.values()];
    expect(held.map(({ id }) => id).toSorted()).toEqual(wanted.map(({ id }) => id).toSorted());
    for (const filter of wanted) {
      expect(sameFilter(hunter.model.filters.get(filter.id)!, filter)).toBe(true);
    }
  }
}

function wire(filter: Filter) {
  return { ...filter, targetHunters: [...filter.targetHunters] };
}

class Hunter {
  readonly model = new FilterModel();
  readonly steps: string[] = [];
  readonly id: string;
  private readonly bench: Bench;
  stuck = "";
  subscription: Subscription | undefined;
  private generator: AsyncGenerator<FilterStep, void> | undefined;
  private next: Promise<IteratorResult<FilterStep, void>> | undefined;

  constructor(bench: Bench, id: string) {
    this.bench = bench;
    this.id = id;
  }

  subscribe(): this {
    this.subscription = this.bench.distribution.subscribe(this.id, (reason) => {
      this.stuck = reason;
    });
    this.generator = this.subscription?.steps();
    return this;
  }

  /** Takes up to `most` steps; those that are there now, otherwise. */
  async take(most = Number.POSITIVE_INFINITY): Promise<this> {
    for (let count = 0; count < most; count++) {
      this.next ??= this.generator!.next();
      const result = await Promise.race([this.next, quiet()]);
      if (result === undefined) break;
      this.next = undefined;
      if (result.done === true) break;
      const { updateType, filter } = result.value;
      this.steps.push(`${names[updateType]} ${filter.id}`);
      this.model.apply(create(FilterUpdateSchema, { updateType, filter: wire(filter) }));
    }
    return this;
  }
}

/** Later than anything that is already to be had. */
async function quiet(): Promise<undefined> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  return undefined;
}

const names: Record<number, string> = {
  [UPDATE_ADD]: "ADD",
  [UPDATE_MODIFY]: "MODIFY",
  [UPDATE_DELETE]: "DELETE",
};

describe("a registration", () => {
  test("is answered with what the hunter supports and is meant for, but for BPF", async () => {
    const bench = new Bench();
    bench.set(filterOf("sip"));
    bench.set(filterOf("bpf", { type: FILTER_BPF, pattern: "udp" }));
    bench.set(filterOf("url", { type: FILTER_HTTP_URL }));
    bench.set(filterOf("imsi", { type: FILTER_IMSI }));
    bench.set(filterOf("off", { enabled: false }));
    bench.set(filterOf("others", { targetHunters: ["h2"] }));
    bench.set(filterOf("mine", { targetHunters: ["h2", "h1"] }));
    const ids = (hunter: Hunter) => [...hunter.model.filters.keys()];
    const hunter = bench.register("h1");
    expect(ids(hunter)).toEqual(["sip", "imsi", "mine"]);
    expect(ids(bench.register("http", ["http_host", "http_path"]))).toEqual(["url"]);
    expect(ids(bench.register("plain", []))).toEqual([]);
    await hunter.subscribe().take();
    // Nothing that it has is sent again.
    expect(hunter.steps).toEqual(["ADD bpf"]);
    expect(hunter.model.captureRestarts).toBe(1);
    expect(hunter.model.mistakes).toEqual([]);
    bench.expectHeld(hunter);
  });

  test("is followed by what changed before the subscription, and then the BPF filters", async () => {
    const bench = new Bench();
    for (const id of ["a", "b", "c", "d"]) bench.set(filterOf(id));
    bench.set(filterOf("bpf", { type: FILTER_BPF, pattern: "udp" }));
    const hunter = bench.register("h1");
    bench.set(filterOf("a", { pattern: "bob" }));
    bench.set(filterOf("b", { enabled: false }));
    bench.delete("c");
    bench.set(filterOf("d", { pattern: "x" }));
    bench.set(filterOf("d"));
    bench.set(filterOf("e"));
    bench.delete("bpf");
    bench.set(filterOf("bpf2", { type: FILTER_BPF, pattern: "tcp" }));
    await hunter.subscribe().take();
    expect(hunter.steps).toEqual(["MODIFY a", "DELETE b", "DELETE c", "ADD e", "ADD bpf2"]);
    expect(hunter.model.mistakes).toEqual([]);
    bench.expectHeld(hunter);
  });

  test("longer than an answer should be is completed by the subscription", async () => {
    const bench = new Bench();
    const pattern = "x".repeat(limits.filterPatternBytesMax);
    for (let id = 0; id < 400; id++) bench.set(filterOf(`f${id}`, { pattern }));
    const hunter = bench.register("h1");
    const bytes = hunter.model.filters.size * pattern.length;
    expect(bytes).toBeGreaterThan(limits.registrationFiltersBytesMax / 2);
    expect(bytes).toBeLessThan(limits.registrationFiltersBytesMax);
    bench.set(filterOf("f399", { pattern: "y" }));
    await hunter.subscribe().take();
    expect(hunter.model.mistakes).toEqual([]);
    bench.expectHeld(hunter);
  });

  test("that is too old to be built on has to be repeated", async () => {
    const bench = new Bench();
    bench.set(filterOf("a"));
    const hunter = bench.register("h1");
    bench.nowMs += limits.hunterForgetMs + 1;
    bench.distribution.sweep();
    expect(hunter.subscribe().subscription).toBeUndefined();
    await bench.register("h1").subscribe().take();
  });

  test("of a hunter that never came is made up for by ADDs of all that is for it", async () => {
    const bench = new Bench();
    bench.set(filterOf("ip", { type: FILTER_IP_ADDRESS, pattern: "10.0.0.1" }));
    bench.set(filterOf("sip"));
    bench.set(filterOf("bpf", { type: FILTER_BPF, pattern: "udp" }));
    const hunter = await new Hunter(bench, "stranger").subscribe().take();
    expect(hunter.steps).toEqual(["ADD ip", "ADD bpf"]);
  });
});

describe("a change", () => {
  test("is an ADD, a MODIFY or a DELETE by what the hunter holds", async () => {
    const bench = new Bench();
    const hunter = bench.register("h1").subscribe();
    const step = async (filter: Filter | string) => {
      const told = typeof filter === "string" ? bench.delete(filter) : bench.set(filter);
      hunter.steps.length = 0;
      await hunter.take();
      expect(told).toBe(hunter.steps.length > 0 ? 1 : 0);
      bench.expectHeld(hunter);
      return hunter.steps.join(", ");
    };
    expect(await step(filterOf("a"))).toBe("ADD a");
    expect(await step(filterOf("a"))).toBe("");
    expect(await step(filterOf("a", { pattern: "b" }))).toBe("MODIFY a");
    expect(await step(filterOf("a", { targetHunters: ["h2"] }))).toBe("DELETE a");
    expect(await step(filterOf("a", { targetHunters: ["h2"], pattern: "c" }))).toBe("");
    expect(await step(filterOf("a", { targetHunters: ["h2", "h1"] }))).toBe("ADD a");
    expect(await step(filterOf("a", { enabled: false }))).toBe("DELETE a");
    expect(await step(filterOf("a"))).toBe("ADD a");
    expect(await step(filterOf("a", { type: FILTER_IP_ADDRESS }))).toBe("MODIFY a");
    expect(await step(filterOf("a", { type: FILTER_BPF }))).toBe("DELETE a, ADD a");
    expect(await step(filterOf("a", { type: FILTER_BPF, pattern: "tcp" }))).toBe("MODIFY a");
    expect(await step(filterOf("a"))).toBe("DELETE a, ADD a");
    expect(await step(filterOf("a", { type: FILTER_HTTP_URL }))).toBe("DELETE a");
    expect(await step("a")).toBe("");
    expect(hunter.model.mistakes).toEqual([]);
  });

  test("counts each hunter once, however many subscriptions it has, and only those concerned", () => {
    const bench = new Bench();
    for (const id of ["h1", "h1", "h2"]) bench.register(id).subscribe();
    bench.register("h3");
    bench.register("dns", ["dns_domain"]).subscribe();
    expect(bench.set(filterOf("a"))).toBe(2);
    expect(bench.set(filterOf("a", { targetHunters: ["h2"] }))).toBe(1);
    expect(bench.delete("a")).toBe(0);
  });

  test("reaches every subscription of one hunter, and the end of one disturbs no other", async () => {
    const bench = new Bench();
    const first = bench.register("h1").subscribe();
    const second = bench.register("h1").subscribe();
    const third = new Hunter(bench, "h1").subscribe();
    bench.set(filterOf("a"));
    await first.take();
    first.subscription!.close();
    bench.set(filterOf("a", { pattern: "b" }));
    for (const hunter of [second, third]) {
      await hunter.take();
      expect(hunter.model.mistakes).toEqual([]);
      bench.expectHeld(hunter);
    }
    await first.take();
    expect(first.steps).toEqual(["ADD a"]);
  });
});

describe("a hunter that does not read", () => {
  test("delays nobody, and holds the set when it reads again", async () => {
    const bench = new Bench();
    const stalled = bench.register("h1").subscribe();
    const lively = bench.register("h2").subscribe();
    for (let round = 0; round < 1000; round++) {
      bench.set(filterOf(`f${round % 10}`, { pattern: `p${round}` }));
      await lively.take();
    }
    expect(lively.steps.length).toBe(1000);
    await stalled.take();
    expect(stalled.steps.length).toBe(10);
    for (const hunter of [stalled, lively]) bench.expectHeld(hunter);
  });

  test("is cut off after its time, with its packet streams; one that has nothing to read is not", async () => {
    const bench = new Bench();
    const stalled = bench.register("h1").subscribe();
    const idle = bench.register("h2").subscribe();
    bench.set(filterOf("a"));
    bench.set(filterOf("b"));
    await stalled.take(1);
    await idle.take();
    bench.nowMs += limits.filterStuckMs;
    bench.distribution.sweep();
    expect(bench.evicted).toEqual([]);
    bench.nowMs += 1;
    bench.distribution.sweep();
    expect(stalled.stuck).toBe("the hunter took no filter update for 30 s");
    expect(bench.evicted).toEqual(["h1: the hunter took no filter update for 30 s"]);
    expect(idle.stuck).toBe("");
    bench.distribution.sweep();
    expect(bench.evicted.length).toBe(1);
    expect(bench.set(filterOf("c"))).toBe(1);
  });

  test("is cut off when more is waiting than can be kept, the one with most first", () => {
    const bench = new Bench();
    const filters = 50_000;
    const all = Math.ceil(limits.filterUpdatesWaitingMax / filters);
    const few = bench.register("few", ["codec"]).subscribe();
    const many = Array.from({ length: all }, (_, index) => bench.register(`h${index}`).subscribe());
    const changes = Array.from({ length: filters }, (_, index) => {
      const after = filterOf(`f${index}`);
      bench.filters.set(after.id, after);
      return { id: after.id, before: undefined, after };
    });
    bench.distribution.publish(changes);
    expect(bench.evicted.length).toBe(1);
    expect(few.stuck).toBe("");
    expect(many.filter(({ stuck }) => stuck !== "").length).toBe(1);
  });
});

test("after any changes, read in any rhythm, every hunter holds exactly the set", async () => {
  const random = seededRandom("filters");
  const pick = <T>(items: readonly T[]): T => items[random.between(0, items.length - 1)]!;
  const types = [FILTER_BPF, FILTER_BPF, FILTER_SIP_USER, FILTER_IP_ADDRESS, FILTER_HTTP_URL];
  for (let round = 0; round < 60; round++) {
    const bench = new Bench();
    const ids = Array.from({ length: random.between(1, 8) }, (_, index) => `f${index}`);
    const hunters: Hunter[] = [];
    const waiting: Hunter[] = [];
    const change = (): void => {
      const id = pick(ids);
      if (random.between(0, 3) === 0 && bench.filters.has(id)) bench.delete(id);
      else {
        const targetHunters = pick([[], [], ["h0"], ["h1", "h2"]]);
        const fields = { type: pick(types), pattern: pick(["p", "q"]), targetHunters };
        bench.set(filterOf(id, { ...fields, enabled: random.between(0, 4) > 0 }));
      }
    };
    for (let count = 0; count < 1000; count++) {
      change();
      if (hunters.length + waiting.length < 4 && random.between(0, 99) < 3) {
        const id = `h${hunters.length + waiting.length}`;
        waiting.push(bench.register(id, pick([voip, [], ["bpf", "http_path"]])));
      }
      if (random.between(0, 99) < 5)
        hunters.push(...waiting.splice(0, 1).map((h) => h.subscribe()));
      // The first one reads nothing until the end.
      for (const hunter of hunters.slice(1)) {
        if (random.between(0, 9) === 0) await hunter.take(random.between(1, 5));
      }
    }
    hunters.push(...waiting.map((hunter) => hunter.subscribe()));
    for (const hunter of hunters) {
      await hunter.take();
      expect(hunter.model.mistakes).toEqual([]);
      bench.expectHeld(hunter);
    }
  }
});
