/** What hunters get of the filters, when, and how fast; what clients are answered. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { status } from "@grpc/grpc-js";
import {
  FilterType,
  ManagementService,
} from "../../src/wire/gen/lippycat/management/management_pb.ts";
import { FilterClient, failureOf } from "../support/filter-client.ts";
import { FilterHunter, voipTypes } from "../support/filter-hunter.ts";
import { type RunningProcessor, startProcessor } from "../support/weir-process.ts";

const { method } = ManagementService;
/** From the call to the last of a hundred hunters. */
const pushMsMax = 100;

let node: RunningProcessor;
let client: FilterClient;

beforeAll(async () => {
  node = await startProcessor(["--workers", "2", "--max-hunters", "200"]);
  client = new FilterClient(node.address);
});

afterAll(async () => {
  client.close();
  node.kill("SIGTERM");
  expect(await node.ended).toEqual({ code: 0, signal: null });
  expect(node.lines.filter(({ level }) => level === "error")).toEqual([]);
});

async function withoutFilters(): Promise<void> {
  for (const { id } of await client.get()) await client.delete(id);
}

describe("a hunter", () => {
  test("gets its filters with its registration, BPF and what changed with its subscription", async () => {
    await withoutFilters();
    await client.set("old");
    await client.set("gone");
    await client.set("bpf", { type: FilterType.FILTER_BPF, pattern: "udp port 5060" });
    await client.set("imsi", { type: FilterType.FILTER_IMSI, pattern: "262011234567890" });
    await client.set("off", { enabled: false });
    await client.set("others", { targetHunters: ["h2"] });
    await client.set("tls", { type: FilterType.FILTER_TLS_SNI, pattern: "*.org" });
    const hunter = await FilterHunter.start(node.address, "h1", voipTypes, async () => {
      await client.set("old", { pattern: "bob" });
      await client.delete("gone");
      await client.set("new");
    });
    await hunter.until(() => hunter.log.length === 4);
    expect(hunter.log).toEqual(["MODIFY old", "DELETE gone", "ADD new", "ADD bpf"]);
    expect(hunter.model.captureRestarts).toBe(1);
    await hunter.untilHeld("old", "new", "bpf", "imsi");
    const forIt = (await client.get("h1")).map(({ id }) => id).toSorted();
    expect(forIt).toEqual(hunter.held);
    expect(hunter.model.mistakes).toEqual([]);
    hunter.close();
  });

  test("that never registered gets what needs no capabilities", async () => {
    await withoutFilters();
    await client.set("ip", { type: FilterType.FILTER_IP_ADDRESS, pattern: "10.0.0.0/8" });
    await client.set("sip");
    const hunter = FilterHunter.stranger(node.address, "nobody");
    await hunter.untilHeld("ip");
    const nameless = FilterHunter.stranger(node.address, "");
    await nameless.untilHeld("ip");
    hunter.close();
    nameless.close();
  });

  test("that comes back has two subscriptions for a while, and the new one stays", async () => {
    await withoutFilters();
    const first = await FilterHunter.start(node.address, "twice");
    const second = await FilterHunter.start(node.address, "twice");
    expect((await client.set("a")).huntersUpdated).toBe(1);
    await Promise.all([first.untilHeld("a"), second.untilHeld("a")]);
    first.close();
    await client.set("b", { type: FilterType.FILTER_BPF, pattern: "udp" });
    await client.set("b");
    await second.until(() => second.log.length >= 3);
    await second.untilHeld("a", "b");
    expect(second.model.mistakes).toEqual([]);
    expect(second.stream.end).toBeUndefined();
    second.close();
  });
});

test("a change reaches a hundred hunters, and is counted by hunters", async () => {
  await withoutFilters();
  const hunters = await Promise.all(
    Array.from({ length: 100 }, (_, index) => FilterHunter.start(node.address, `many${index}`)),
  );
  // Their streams open in their own time.
  let open = 0;
  for (let round = 0; open < 100; round++)
    open = (await client.set("warm", { pattern: `${round}` })).huntersUpdated;
  await Promise.all(hunters.map((hunter) => hunter.until(() => hunter.model.filters.has("warm"))));
  const times: number[] = [];
  for (let round = 0; round < 5; round++) {
    const begun = performance.now();
    const result = client.set("alice", { pattern: `alice${round}` });
    await Promise.all(
      hunters.map((hunter) =>
        hunter.until(() => hunter.model.filters.get("alice")?.pattern === `alice${round}`),
      ),
    );
    times.push(performance.now() - begun);
    expect((await result).huntersUpdated).toBe(100);
  }
  const [best = 0, , middle = 0] = times.toSorted((a, b) => a - b);
  console.log(
    `a change reached 100 hunters in ${Math.round(middle)} ms, at best ${Math.round(best)} ms`,
  );
  expect(middle).toBeLessThan(pushMsMax);
  expect((await client.set("alice", { targetHunters: ["many7", "many8"] })).huntersUpdated).toBe(
    100,
  );
  await hunters[9]!.untilHeld("warm");
  await hunters[7]!.untilHeld("alice", "warm");
  for (const hunter of hunters) {
    expect(hunter.model.mistakes).toEqual([]);
    hunter.close();
  }
});

test("a hunter that does not read delays no other, and holds the set once it reads", async () => {
  await withoutFilters();
  const stalled = await FilterHunter.start(node.address, "stalled");
  const lively = await FilterHunter.start(node.address, "lively");
  await client.set("first");
  await Promise.all([stalled.untilHeld("first"), lively.untilHeld("first")]);
  stalled.stream.stall();
  const pattern = "x".repeat(8000);
  for (let round = 0; round < 1000; round++) {
    const id = `f${round % 20}`;
    if (round > 20 && round % 9 === 8) await client.delete(id);
    else await client.set(id, { pattern: `${pattern}${round}` });
  }
  const wanted = (await client.get()).map(({ id }) => id);
  await lively.untilHeld(...wanted);
  stalled.stream.resume();
  await stalled.untilHeld(...wanted);
  const patterns = new Map((await client.get()).map((filter) => [filter.id, filter.pattern]));
  const holdsAll = (hunter: FilterHunter) =>
    [...hunter.model.filters.values()].every(
      (filter) => filter.pattern === patterns.get(filter.id),
    );
  await stalled.until(() => holdsAll(stalled));
  for (const hunter of [stalled, lively]) {
    expect(hunter.model.mistakes).toEqual([]);
    expect(hunter.held).toEqual(wanted.toSorted());
    hunter.close();
  }
}, 300_000);

describe("a bad call", () => {
  test("is told what is wrong, stores nothing, and disturbs nobody", async () => {
    await withoutFilters();
    const hunter = await FilterHunter.start(node.address, "bystander");
    const { INVALID_ARGUMENT, NOT_FOUND, FAILED_PRECONDITION, RESOURCE_EXHAUSTED } = status;
    const megabyte = "x".repeat(1024 * 1024);
    const set = (fields: object) => client.set("a", fields);
    const cases: [string, () => Promise<unknown>, number, string | RegExp][] = [
      ["empty pattern", () => set({ pattern: "" }), INVALID_ARGUMENT, "pattern is empty"],
      ["unknown type", () => set({ type: 99 }), INVALID_ARGUMENT, "type 99 is not a filter type"],
      [
        "wrong pattern",
        () => set({ type: FilterType.FILTER_IMEI }),
        INVALID_ARGUMENT,
        'pattern "alice" is not 14 or 15 digits',
      ],
      [
        "1 MB pattern",
        () => set({ pattern: megabyte }),
        INVALID_ARGUMENT,
        "pattern is 1048576 bytes long; the most is 16384",
      ],
      ["5 MB pattern", () => set({ pattern: megabyte.repeat(5) }), RESOURCE_EXHAUSTED, /./],
      [
        "controls",
        () => client.set("a\u0000"),
        INVALID_ARGUMENT,
        "id has control characters or is not valid UTF-8",
      ],
      [
        "long id",
        () => client.set(megabyte),
        INVALID_ARGUMENT,
        "id is 1048576 bytes long; the most is 256",
      ],
      ["unknown id", () => client.delete("a"), NOT_FOUND, `there is no filter "a"`],
      ["no id", () => client.delete(""), INVALID_ARGUMENT, "filter_id is empty"],
      [
        "no filter",
        () => client.call(method.updateFilterOnProcessor, {}),
        INVALID_ARGUMENT,
        "filter is missing",
      ],
      [
        "processor",
        () => client.call(method.getFiltersFromProcessor, { processorId: "p" }),
        NOT_FOUND,
        /there is no node "p"/,
      ],
      [
        "token",
        () => client.call(method.requestAuthToken, {}),
        FAILED_PRECONDITION,
        /needs no token/,
      ],
    ];
    for (const [name, call, code, text] of cases) {
      const failure = await failureOf(call());
      expect(failure.code, name).toBe(code);
      if (typeof text === "string") expect(failure.details).toBe(text);
      else expect(failure.details).toMatch(text);
    }
    expect(await client.get()).toEqual([]);
    await client.set("good");
    await hunter.untilHeld("good");
    expect(hunter.log).toEqual(["ADD good"]);
    hunter.close();
  });
});

test("a change is told with who made it", async () => {
  const told = /^127\.0\.0\.1:\d+: set filter "good" \(sip_user "alice"\); 1 hunter updated$/;
  await node.waitFor("access-audit", ({ message }) => told.test(message));
});
