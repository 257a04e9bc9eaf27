/** What probes are told (grpc.health.v1): NOT_SERVING while the disk is full and from the stop on. */
import { afterEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { status as code } from "@grpc/grpc-js";
import {
  Health,
  HealthCheckResponse_ServingStatus,
} from "../../src/wire/gen/grpc/health/v1/health_pb.ts";
import { ServerStream } from "../support/server-stream.ts";
import { sampledWorkerCounts } from "../support/shards.ts";
import { noSmallDisk, SmallDisk } from "../support/small-disk.ts";
import { startProcessor } from "../support/weir-process.ts";

const { SERVING, NOT_SERVING, SERVICE_UNKNOWN } = HealthCheckResponse_ServingStatus;
const { watch } = Health.method;

if (noSmallDisk !== "") console.log(`health on a full disk is skipped: ${noSmallDisk}`);

let disk: SmallDisk | undefined;
afterEach(() => disk?.remove());

function statuses(call: ServerStream<typeof watch>): number[] {
  return call.messages.map(({ status }) => status);
}

describe.each(sampledWorkerCounts(1))("with --workers %d", (workers) => {
  const flags = ["--workers", String(workers)];

  test("a watcher hears of the stop before its call ends", async () => {
    const node = await startProcessor(flags);
    const names = ["", "lippycat.data.DataService", "nobody.Knows"];
    const calls = names.map((service) => new ServerStream(node.address, watch, { service }));
    await Promise.all(calls.map((call) => call.until(() => call.messages.length > 0)));
    node.kill("SIGTERM");
    const ends = await Promise.all(calls.map((call) => call.waitEnd()));
    expect(calls.map(statuses)).toEqual([
      [SERVING, NOT_SERVING],
      [SERVING, NOT_SERVING],
      [SERVICE_UNKNOWN],
    ]);
    expect(ends.map((end) => end.code)).toEqual(names.map(() => code.UNAVAILABLE));
    for (const call of calls) call.close();
    expect(await node.ended).toEqual({ code: 0, signal: null });
  });

  test.skipIf(noSmallDisk !== "")("a full disk is told, and its end", async () => {
    disk = new SmallDisk(4_000_000);
    const release = disk.occupy(4_000_000);
    const node = await startProcessor([...flags, "-w", join(disk.directory, "x.pcapng")]);
    const call = new ServerStream(node.address, watch, { service: "" });
    await call.until(() => statuses(call).at(-1) === NOT_SERVING);
    release();
    await call.until(() => statuses(call).at(-1) === SERVING);
    call.close();
    node.kill("SIGTERM");
    expect(await node.ended).toEqual({ code: 0, signal: null });
  });
});
