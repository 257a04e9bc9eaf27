/**
 * What `weir show status` has of events: for each as many as the log has lines, whichever thread told of
 * it, and those that the log's rate limit held back, too.
 */
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import { MonitoringService } from "../../src/wire/gen/lippycat/monitoring/monitoring_pb.ts";
import { connect, MockHunter } from "../support/mock-hunter.ts";
import { unaryRpc } from "../support/unary-call.ts";
import { runWeir, scratchDirectory, startProcessor, until } from "../support/weir-process.ts";

const { getNodeStatus } = MonitoringService.method;
/** More than the ten lines that one event gets within ten seconds. */
const badBatches = 25;

test("events of control, shards and recorder are counted in one place", async () => {
  const path = join(scratchDirectory(), "x.pcapng");
  writeFileSync(path, "no capture");
  const node = await startProcessor(["--workers", "2", "--write-file", path]);
  for (let count = 0; count < badBatches; count++) {
    const hunter = new MockHunter(node.address);
    hunter.send(new Uint8Array([0xff]));
    expect((await hunter.waitEnd()).code).toBe(status.INVALID_ARGUMENT);
    hunter.close();
  }
  const client = connect(node.address);
  const counted = async (): Promise<number> => {
    const { events } = await unaryRpc(client, getNodeStatus, {});
    return Number(events["ingest-stream-ended"] ?? 0);
  };
  await until(async () => (await counted()) === badBatches);
  client.close();
  const show = ["show", "status", "--insecure", "-P", node.address, "--json"];
  const { events } = JSON.parse((await runWeir(show)).stdout);
  expect(events).toMatchObject({
    "node-listening": 1,
    "record-file-set-aside": 1,
    "ingest-stream-ended": badBatches,
  });
  const lines = node.lines.filter(({ event }) => event === "ingest-stream-ended").length;
  expect(lines).toBeLessThan(badBatches);
  node.kill("SIGTERM");
  expect((await node.ended).code).toBe(0);
}, 60_000);
