/**
 * The wall clock jumps by hours, forth and back: what is timed goes by the monotonic clock, and files
 * keep names of their own, in order.
 */
import { expect, test } from "bun:test";
import { existsSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { HunterStatus } from "../../src/wire/gen/lippycat/management/management_pb.ts";
import { BusyHunter, checkRecorded } from "../support/busy-hunter.ts";
import { ManagedHunter } from "../support/managed-hunter.ts";
import { MockHunter } from "../support/mock-hunter.ts";
import { capturesIn } from "../support/numbered-capture.ts";
import { TerminalClient } from "../support/terminal-client.ts";
import {
  checkAccounts,
  type RunningProcessor,
  scratchDirectory,
  startProcessor,
  until,
} from "../support/weir-process.ts";

const library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";
const noFaketime = existsSync(library) ? "" : `there is no ${library}`;
if (noFaketime !== "") console.log(`clock-jumps is skipped: ${noFaketime}`);

const hourS = 3600;
const rotateMs = 1000;

/** The hour of a capture's name, `x_00001_20260102T030405Z.pcapng`. */
function startOf(path: string): number {
  const text = basename(path).split("_")[2] ?? "";
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z/.exec(text) ?? [];
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

test.skipIf(noFaketime !== "")("a wall clock that jumps by two hours", async () => {
  const directory = scratchDirectory();
  const captures = scratchDirectory();
  const offsets = join(directory, "offset");
  const jump = (seconds: number) => writeFileSync(offsets, `${seconds < 0 ? "" : "+"}${seconds}\n`);
  jump(0);
  const args = ["-w", join(captures, "x.pcapng"), "--rotate-interval", `${rotateMs}ms`];
  const begun = performance.now();
  const node = await startProcessor(args, {
    env: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: offsets,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    },
  });
  const quiet = await ManagedHunter.start(node.address, "quiet");
  await quiet.beat({ status: HunterStatus.STATUS_HEALTHY });
  const terminal = await TerminalClient.connect(node.address, { pollMs: 50 });
  const stream = new MockHunter(node.address);
  const hunter = new BusyHunter(stream, { number: 0, window: 1, packets: 1 });

  for (const hours of [2, -2, 0]) {
    const before = capturesIn(captures).length;
    jump(hours * hourS);
    await shows(node, hours);
    // Two files that began after the jump.
    await until(() => capturesIn(captures).length >= before + 2);
    expect(terminal.hunters.get("quiet")?.status).toBe(HunterStatus.STATUS_HEALTHY);
    expect(terminal.hunters.get(hunter.id)).toBeDefined();
  }
  const lastedMs = performance.now() - begun;
  await hunter.finish();
  terminal.close();
  quiet.close();
  node.kill("SIGTERM");
  expect(await node.ended).toEqual({ code: 0, signal: null });
  stream.close();
  checkAccounts(node);
  const files = capturesIn(captures);
  expect(checkRecorded(files, [hunter])).toBe(hunter.sent);
  expect(files.length).toBeLessThanOrEqual(Math.ceil(lastedMs / rotateMs) + 1);
  const numbers = files.map((path) => Number(basename(path).split("_")[1]));
  expect(numbers).toEqual(files.map((_, index) => index + 1));
  // And the clock did jump for it.
  const hours = new Set(files.map((path) => Math.round((startOf(path) - Date.now()) / 3_600_000)));
  expect([...hours].toSorted()).toEqual([-2, 0, 2]);
});

/** Its log has the time of that many hours from now. */
async function shows(node: RunningProcessor, hours: number): Promise<void> {
  await node.waitFor(
    "node-stats",
    ({ time }) => Math.round((Date.parse(time) - Date.now()) / 3_600_000) === hours,
    node.lines.length,
  );
}
