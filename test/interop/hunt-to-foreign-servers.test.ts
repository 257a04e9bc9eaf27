/**
 * `weir hunt` as the sender to servers of others with their default settings: grpc-go near and far, grpc-js
 * on Node. Each acknowledges batches as a processor does; a file arrives whole, in order, on one stream.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { GoProgram } from "../support/go-program.ts";
import { JsonProgram } from "../support/json-program.ts";
import { numberedPacket } from "../support/numbered-packets.ts";
import { sampled } from "../support/run-size.ts";
import { runWeir, scratchDirectory } from "../support/weir-process.ts";
import { pcapHeader, pcapRecord } from "../unit/hunt/capture-files.ts";

const packets = 10_000;
const directory = scratchDirectory();
const program = new GoProgram(join(import.meta.dir, "grpc-go"));
const reason = program.obstacle;
if (reason !== "") console.log(`skipped: weir hunt to grpc-go (${reason})`);

let serving: JsonProgram | undefined;

beforeAll(async () => {
  if (reason === "") await program.build();
}, 180_000);
afterAll(() => {
  serving?.kill();
  rmSync(directory, { recursive: true, force: true });
});

/** What both servers tell at their end. */
interface Result {
  readonly error: string;
  readonly packets: number;
  readonly batches: number;
  readonly streams: number;
}

/** A capture file of numbered packets; large ones are written piece by piece. */
async function writeInput(size: number): Promise<string> {
  const path = join(directory, `${size}.pcap`);
  const writer = Bun.file(path).writer({ highWaterMark: 1024 * 1024 });
  await writer.write(pcapHeader());
  for (let number = 0; number < packets; number++) {
    await writer.write(pcapRecord(numberedPacket(1, number, size), 1_700_000_000, number));
  }
  await writer.end();
  return path;
}

/** Sends the file to what `command` serves. */
async function send(command: readonly string[], read: string): Promise<Result> {
  serving = new JsonProgram(command);
  const { address } = await serving.next();
  const log = ["--log-format", "json", "--progress", "none"];
  const hunt = await runWeir([
    ...["hunt", "--insecure", "--id", "edge", "-P", String(address), "--read", read],
    ...log,
  ]);
  const result = await serving.finish();
  serving = undefined;
  const summary = hunt.lines.find(({ event }) => event === "hunt-summary");
  expect(summary).toMatchObject({ packets, acknowledged: packets, reconnects: 0, errors: 0 });
  expect({ code: hunt.code, error: result["error"] }).toEqual({ code: 0, error: "" });
  return result as unknown as Result;
}

describe.skipIf(reason !== "")("weir hunt to grpc-go with default settings", () => {
  const sizes: [string, number][] = [
    ["4 KB", 4096],
    ["64 KB", 65_000],
  ];
  for (const [what, size] of sampled("packet sizes to foreign servers", sizes)) {
    describe(`10,000 packets of ${what}`, () => {
      let input = "";
      beforeAll(async () => {
        input = await writeInput(size);
      }, 60_000);
      afterAll(() => rmSync(input));

      for (const delay of sampled("delays to foreign servers", ["10ms", "0s", "50ms"])) {
        test(`all arrive, ${delay} each way`, async () => {
          const flags = ["-address", "127.0.0.1:0", "-size", String(size), "-delay", delay];
          const result = await send([program.path, "-scenario", "serve", ...flags], input);
          expect(result).toMatchObject({ packets, streams: 1, connections: 2 });
        }, 60_000);
      }
    });
  }
});

test("weir hunt to grpc-js on Node: 10,000 packets of 4 KB arrive", async () => {
  const input = await writeInput(4096);
  const script = join(import.meta.dir, "grpc-js/serve.mjs");
  const result = await send(["node", script, "4096"], input);
  expect(result).toMatchObject({ packets, streams: 1 });
}, 60_000);
