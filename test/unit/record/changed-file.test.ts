/** Other programs that truncate, lengthen or lock the capture file while it is written. */
import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import {
  appendFileSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { WeirError } from "../../../src/base/errors.ts";
import { CaptureFile } from "../../../src/record/capture-file.ts";
import { readCapture } from "../../support/read-capture.ts";
import {
  type InProcessRecorder,
  recorderConfig,
  recordInProcess,
  temporaryDirectory,
} from "../../support/record-in-process.ts";

// A disk that others keep busy is no failure.
setDefaultTimeout(30_000);
const root = temporaryDirectory("changed");
afterAll(() => rmSync(root, { recursive: true, force: true }));

const said = (node: InProcessRecorder): string[] =>
  node.logged.filter(({ event }) => event === "record-file-given-up").map(({ message }) => message);

function lay(node: InProcessRecorder, from: number, to: number, length = 40): void {
  for (let index = from; index < to; index++) {
    const bytes = Buffer.alloc(length, index);
    node.fillers[0]?.packet({ interface: 0, time: BigInt(index), bytes });
  }
}

const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, index) => from + index);
const timesIn = (path: string): number[] =>
  readCapture(path).packets.map(({ time }) => Number(time));

for (const extension of ["pcapng", "pcap"]) {
  for (const ack of ["written", "synced"] as const) {
    // After the cut a group that is shorter than the file was, and one that is longer.
    for (const [name, before, after] of [
      ["shorter", 100, 10],
      ["longer", 10, 300],
    ] as const) {
      for (const left of [0, 30]) {
        test(`${extension}, ${ack}: cut to ${left} bytes, then a ${name} group`, async () => {
          const directory = join(root, `${extension}-${ack}-${name}-${left}`);
          await Bun.write(join(directory, ".keep"), "");
          const path = join(directory, `x.${extension}`);
          const node = await recordInProcess(recorderConfig(path, { ack }));
          node.fillers[0]?.announce(0, "hunter", "eth0", 1);
          lay(node, 0, before);
          await node.settle();
          const size = statSync(path).size;
          truncateSync(path, left);
          lay(node, before, before + after);
          await node.settle();
          // Nothing was put to where the file had ended before.
          expect(statSync(path).size).toBe(left);
          lay(node, before + after, before + after + 5);
          const summary = await node.finish();
          expect(summary.packetsWritten).toBe(before + after + 5);
          const next = readdirSync(directory).filter((file) => file.startsWith("x_00001_"));
          expect(next.length).toBe(1);
          expect(timesIn(join(directory, next[0] ?? ""))).toEqual(
            numbers(before, before + after + 5),
          );
          expect(said(node)).toEqual([
            `${path} cannot be continued (another program truncated it from ${size} to ${left} bytes; the rest is lost); recording continues in a new file`,
          ]);
          const again = await recordInProcess(recorderConfig(path));
          again.fillers[0]?.announce(0, "hunter", "eth0", 1);
          lay(again, 0, 3);
          await again.finish();
          expect(timesIn(path)).toEqual([0, 1, 2]);
        });
      }
    }
  }

  test(`${extension}: what another program appends is neither cut nor written after`, async () => {
    const directory = join(root, `${extension}-grown`);
    await Bun.write(join(directory, ".keep"), "");
    const path = join(directory, `x.${extension}`);
    const node = await recordInProcess(recorderConfig(path));
    node.fillers[0]?.announce(0, "hunter", "eth0", 1);
    lay(node, 0, 10);
    await node.settle();
    const whole = readFileSync(path);
    appendFileSync(path, "not a packet");
    lay(node, 10, 20);
    await node.finish();
    expect(readFileSync(path, "latin1")).toBe(`${whole.toString("latin1")}not a packet`);
    const next = readdirSync(directory).filter((file) => file.startsWith("x_00001_"));
    expect(timesIn(join(directory, next[0] ?? ""))).toEqual(numbers(10, 20));
    expect(said(node)[0]).toContain("another program wrote to it");
  });

  test(`${extension}: a cut that no group came after is told at the end`, async () => {
    const path = join(root, `idle.${extension}`);
    const node = await recordInProcess(recorderConfig(path));
    node.fillers[0]?.announce(0, "hunter", "eth0", 1);
    lay(node, 0, 10);
    await node.settle();
    truncateSync(path, 0);
    await node.finish();
    expect(statSync(path).size).toBe(0);
    expect(said(node)[0]).toContain(
      `${basename(path)} cannot be continued (another program truncated it`,
    );
  });
}

test("no cut makes a file longer, when others truncate it in the middle of a group", async () => {
  const path = join(root, "cut");
  for (const left of [0, 99]) {
    for (const length of [50, 500]) {
      writeFileSync(path, Buffer.alloc(100, 1));
      const file = new CaptureFile(path, false, 0);
      await file.append(Buffer.alloc(length, 2));
      truncateSync(path, left);
      let failure: unknown;
      await file.finish().catch((error: unknown) => {
        failure = error;
      });
      expect(failure).toBeInstanceOf(WeirError);
      await file.rollBack().catch(() => {});
      await file.close().catch(() => {});
      expect(readFileSync(path).includes(0)).toBe(false);
    }
  }
});
