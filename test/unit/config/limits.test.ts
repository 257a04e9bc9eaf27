/** Ties src/config/limits.ts to docs/limits.md, to its users, and to itself. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { limitsPage, limitTexts, showLimit } from "../../../scripts/limits-page.ts";
import { limits } from "../../../src/config/limits.ts";

const root = join(import.meta.dir, "../../..");
const page = readFileSync(join(root, "docs/limits.md"), "utf8");
const mebibyte = 1024 * 1024;
type LimitName = keyof typeof limits;
const names = Object.keys(limits) as LimitName[];

describe("docs/limits.md", () => {
  test("is what the source generates", () => {
    expect(page).toBe(limitsPage());
  });

  test("has each limit once with its value and what it is", () => {
    for (const name of names) {
      const rows = page.split("\n").filter((line) => line.startsWith(`| \`${name}\` | `));
      expect(rows.length, name).toBe(1);
      const [, value, text = ""] = rows[0]?.split(" | ") ?? [];
      expect(value).toBe(showLimit(name, limits[name]));
      expect(text.length, name).toBeGreaterThan(15);
    }
  });

  test("a value, a section or a limit that the source does not have is noticed", () => {
    const source = "  // --- a ---\n  /** One\n   * thing. */\n  shardsMax: 8,\n";
    expect(limitTexts(source).get("a")).toEqual([{ name: "shardsMax", text: "One thing." }]);
    const before = "<!-- limits: a -->\nold\n<!-- /limits -->";
    expect(limitsPage(before, source)).toContain("| `shardsMax` | 8 | One thing. |");
    expect(() => limitsPage("", source)).toThrow('docs/limits.md lacks "a"');
    expect(() => limitsPage(before, "")).toThrow('no section "a"');
  });

  test("adds up what the node can reach for each number of shards", () => {
    const { messageBytesMax, streamsMax } = limits;
    const shard =
      (50 * limits.batchPacketsMax +
        limits.tunnelUnreadBytesMax +
        messageBytesMax +
        limits.backlogFreeBlocksMax * limits.backlogBlockBytes +
        limits.collectAfterBytes) /
        mebibyte +
      (7 + 122 + 184 + 135 + 31 + 1 + 20 + 52);
    const spare = limits.fanoutSpareBundlesMax * limits.fanoutBundleBytes;
    const view =
      225 + 4 + (2 * limits.fanoutOpenBytesMax + spare + limits.fanoutUnreadBytesMax) / mebibyte;
    const own =
      limits.recordRingBytes +
      limits.recordPrefixBytesMax +
      limits.logBufferBytesMax +
      limits.fanoutQueuedBytesMax;
    const node = own / mebibyte + 168 + 460 + 88 + 64 + 90;
    const perStream = limits.smallMessageBytesMax + limits.unreadAckBytesMax;
    const streams = (streamsMax * perStream) / mebibyte;
    const windowsOf = (shards: number) =>
      Math.round(
        (streamsMax * limits.streamWindowBytesMin + shards * limits.windowGrowthBytesMax) /
          mebibyte,
      );
    const halfCalls = limits.tunnelRpcsMax * limits.tunnelSmallMessageBytesMax;
    const answers = limits.tunnelUnreadAnswerBytesMax + limits.answersUnderWayBytesMax;
    const callsOfShard = answers + halfCalls;
    for (const shards of [1, 2, 4, 8]) {
      const half = Math.max(limits.largeMessagesBytesMax, shards * messageBytesMax) / mebibyte;
      const mesh = ((shards - 1) * limits.meshCreditBytes) / mebibyte;
      const views = shards * (view + mesh);
      const calls = shards * (callsOfShard / mebibyte + 100);
      const sum = shards * shard + views + node + half + streams;
      const cells = [
        shards,
        shards * shard,
        views,
        node,
        half,
        streams,
        sum,
        windowsOf(shards),
        calls,
      ];
      const row = cells.map((cell) => Math.round(cell).toLocaleString("en-US"));
      expect(page).toContain(`| ${row.join(" | ")} |`);
    }
  });
});

test("every limit is used by the source", async () => {
  let source = "";
  for await (const path of new Bun.Glob("src/**/*.ts").scan({ cwd: root })) {
    if (path !== "src/config/limits.ts") source += await Bun.file(join(root, path)).text();
  }
  const unused = names.filter((name) => !new RegExp(`limits\\.${name}\\b`).test(source));
  expect(unused).toEqual([]);
});

describe("limits fit together", () => {
  const blockBytesMax = limits.packetBytesMax + 32;
  const ringBytesMin = Math.floor(limits.recordRingBytes / limits.shardsMax);

  test("all are positive, and whole but for the shares", () => {
    for (const name of names) {
      expect(limits[name], name).toBeGreaterThan(0);
      if (limits[name] >= 1) expect(Number.isSafeInteger(limits[name]), name).toBe(true);
    }
  });

  test("the longest block fits into half of the smallest ring, and leaves it below SLOW", () => {
    expect(blockBytesMax).toBeLessThanOrEqual(ringBytesMin / 2);
    expect(blockBytesMax).toBeLessThan(ringBytesMin * limits.slowAbove);
    const announcement = 24 + limits.hunterIdBytesMax + 3 * limits.interfaceNameBytesMax;
    expect(announcement).toBeLessThan(ringBytesMin / 2);
  });

  test("levels rise in order, with room above PAUSE for what was already sent", () => {
    expect(limits.resumeBelow).toBeLessThan(limits.slowAbove);
    expect(limits.slowAbove).toBeLessThan(limits.pauseAbove);
    expect((1 - limits.pauseAbove) * ringBytesMin).toBeGreaterThan(blockBytesMax);
  });

  test("a packet fits into a group, a block that is read again and a message", () => {
    expect(blockBytesMax).toBeLessThanOrEqual(limits.recordGroupBytesMax);
    expect(blockBytesMax).toBeLessThanOrEqual(limits.captureBlockBytesMax);
  });

  test("small messages are no burden for the budget of large ones", () => {
    expect(limits.smallMessageBytesMax).toBeLessThan(limits.largeMessagesBytesMax);
    expect(limits.messageBytesMax).toBeLessThanOrEqual(limits.largeMessagesBytesMax);
    expect(limits.messageBytesMin).toBeLessThanOrEqual(limits.messageBytesMax);
    expect(limits.controlMessageBytesMax).toBeLessThanOrEqual(limits.tunnelUnreadBytesMax);
  });

  test("one stream cannot use up what its shard has for all", () => {
    expect(limits.pendingAcksPerStreamMax).toBeLessThan(limits.pendingAcksMax);
    expect(limits.streamsPerConnectionMax).toBeLessThan(limits.streamsMax);
    expect(limits.streamWindowBytesMax).toBeLessThanOrEqual(limits.connectionWindowBytes);
    expect(limits.streamsMax).toBeLessThanOrEqual(limits.connectionsMax);
    expect(limits.tunnelUnreadMessagesMax % 2).toBe(0);
  });

  test("one address cannot use up what the node has for all", () => {
    expect(limits.newcomersPerAddressMax).toBeLessThan(limits.connectionsPerAddressMax);
    expect(limits.connectionsPerAddressMax).toBeLessThan(limits.connectionsMax);
    expect(limits.streamsPerAddressMax).toBeLessThan(limits.streamsMax);
    expect(limits.rpcsPerAddressMax).toBeLessThan(limits.tunnelRpcsMax);
    expect(limits.rpcsPerAddressMax * limits.shardsMax).toBeLessThan(2 ** 16);
  });

  test("a connection that does nothing is closed within 10 s, at the step where it stands", () => {
    expect(limits.tlsHandshakeMsMax).toBeLessThan(limits.greetingMsMax);
    expect(limits.greetingMsMax).toBeLessThan(limits.firstRpcMsMax);
    expect(limits.firstRpcMsMax + 1000).toBeLessThanOrEqual(10_000);
  });

  test("what the recorder must know of interfaces is at least what one shard may announce", () => {
    expect(limits.huntersPerShardMax).toBeLessThanOrEqual(limits.interfacesMax);
    expect(limits.rosterHuntersMax).toBeGreaterThanOrEqual(limits.huntersPerShardMax);
    expect(limits.streamingHuntersPerShardMax * 2).toBeLessThanOrEqual(limits.huntersPerShardMax);
    expect(limits.streamHuntersMax).toBeLessThan(limits.streamingHuntersPerShardMax);
  });

  test("a stop ends within 8 s whatever stands still", () => {
    const waitsMs = limits.drainReadMsMax + limits.drainRecorderMsMax + limits.drainCloseMsMax;
    // The recorder gets drainQuietMs at least, and answers half a second later at most.
    expect(waitsMs + limits.drainQuietMs + 500).toBeLessThan(8000);
    expect(limits.drainQuietMs).toBeLessThan(limits.drainReadMsMax);
  });

  test("silence is noticed in order: late, gone, forgotten", () => {
    expect(limits.heartbeatMs * 4).toBeLessThan(limits.threadSilenceMsMax);
    expect(limits.huntHeartbeatMs * 3).toBeLessThan(limits.hunterStaleMs);
    expect(limits.hunterStaleMs).toBeLessThan(limits.hunterForgetMs);
    expect(limits.hunterSweepMs).toBeLessThanOrEqual(10_000);
    expect(limits.hunterSweepMs).toBeLessThan(limits.hunterPurgeMs);
    expect(limits.recordYieldMs).toBeLessThan(limits.heartbeatMs);
    expect(limits.recordRetryMs).toBeLessThan(limits.drainRecorderMsMax);
    expect(limits.syncDelayMsMax).toBeLessThan(limits.recordRetryMs);
  });

  test("weir hunt stays below what receivers take, and what it keeps holds several batches", () => {
    expect(limits.huntBatchBytesMax).toBeLessThan(4 * mebibyte);
    expect(limits.huntBatchBytesMax + limits.packetBytesMax).toBeLessThan(4 * mebibyte);
    expect(limits.huntUnackedBytesMax).toBeGreaterThan(4 * limits.huntBatchBytesMax);
    expect(limits.huntReconnectMsMin).toBeLessThan(limits.huntReconnectMsMax);
    expect(limits.huntRefusedKeyMs).toBeGreaterThan(limits.accessFailureWindowMs);
    expect(limits.huntStopMsMax + limits.huntCloseMsMax).toBeLessThan(8000);
  });

  test("an answer about hunters is a message that existing clients take", () => {
    const rest = limits.registrationBytesMax + limits.hunterIdBytesMax;
    expect(limits.statusBytesMax + rest).toBeLessThan(4 * mebibyte);
  });

  test("what dissectors give up first is the smaller part", () => {
    expect(limits.tlsNameBytesMax).toBeLessThan(limits.helloBytesMax);
    expect(limits.httpValueBytesMax).toBeLessThan(limits.httpHeadBytesMax);
    expect(limits.dnsAnswersMax).toBeLessThan(limits.dnsRecordsMax);
  });

  test("calls: clients are told in time of what is still known, and as many as watch packets", () => {
    expect(limits.legsPerCallMax * 2).toBeLessThan(limits.callLegsMax);
    expect(limits.callsMax).toBeLessThanOrEqual(limits.callLegsMax);
    expect(limits.callUpdateMs).toBeLessThan(limits.callRefreshMs);
    expect(limits.callRefreshMs).toBeLessThan(limits.callForgetMs);
    expect(limits.callJoinAfterEndMs).toBeLessThan(limits.callJoinMs);
    // The default of --max-subscribers, ten times.
    expect(limits.callSubscribersMax).toBeGreaterThanOrEqual(1000);
  });

  test("wrong keys fit into the entries of their table, and a key that goes is gone in a second", () => {
    expect(limits.accessFailuresMax).toBeLessThan(2 ** 4);
    expect(limits.accessAddressesMax % 8).toBe(0);
    expect(limits.accessClockMs).toBeLessThan(1000);
    const latestMs = limits.fileSettleMsMax + limits.filePartSettleMs;
    expect(limits.filePollMs + latestMs).toBeLessThan(1000);
    expect(limits.apiKeyCharsMin).toBeLessThan(limits.apiKeyCharsMax);
  });

  test("detection and logs keep within their counters", () => {
    expect(limits.conversationProbesMax).toBeLessThan(256);
    expect(limits.logValueCharsMax).toBeLessThanOrEqual(limits.logMessageCharsMax);
    expect(limits.logWriteBytesMax).toBeLessThanOrEqual(limits.logBufferBytesMax);
  });
});
