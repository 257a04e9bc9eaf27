/** A client on grpc-js under Node, whose HTTP/2 is none of Bun's: health, batches with acks, a live view. */
import { afterAll, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { JsonProgram } from "../support/json-program.ts";
import { numberedBatch } from "../support/numbered-packets.ts";
import { sampledWorkerCounts } from "../support/shards.ts";
import { checkAccounts, scratchDirectory, startProcessor } from "../support/weir-process.ts";

const batches = 200;
const packetsPerBatch = 64;
const packets = batches * packetsPerBatch;
const serving = 1;
const directory = scratchDirectory();
let client: JsonProgram | undefined;

afterAll(() => {
  client?.kill();
  rmSync(directory, { recursive: true, force: true });
});

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

test.each(sampledWorkerCounts(1))(
  "a client on Node, with --workers %d",
  async (workers) => {
    const file = join(directory, `${workers}.pcapng`);
    const node = await startProcessor(["--workers", String(workers), "-w", file]);
    client = new JsonProgram(["node", join(import.meta.dir, "grpc-js/client.mjs")]);
    await client.send({ address: node.address, packets });
    expect(await client.next()).toEqual({ event: "watching" });
    await node.waitFor("fanout-subscriber-joined");
    for (let sequence = 1; sequence <= batches; sequence++) {
      const first = (sequence - 1) * packetsPerBatch;
      const options = { hunterId: "node-js", hunter: 1, first, packets: packetsPerBatch, sequence };
      await client.send(Buffer.from(numberedBatch(options)).toString("base64"));
    }
    await client.send(null);
    const result = await client.finish();
    client = undefined;
    expect(result).toEqual({
      health: serving,
      acks: upTo(batches).map((index) => index + 1),
      errors: [],
      // The client leaves the view itself, when it has seen everything.
      numbers: upTo(packets),
      statuses: { stream: 0, view: 1 },
    });
    node.kill("SIGTERM");
    expect(await node.ended).toEqual({ code: 0, signal: null });
    checkAccounts(node);
    expect(node.latest("fanout-subscriber-left")?.["lost"]).toBe(0);
  },
  60_000,
);
