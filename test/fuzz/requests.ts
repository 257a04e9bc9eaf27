import { type DescMethod, fromBinary } from "@bufbuild/protobuf";
import { WeirError } from "../../src/base/errors.ts";
import { selectionOf } from "../../src/fanout/selection.ts";
import { SubscribeRequestSchema } from "../../src/wire/gen/lippycat/data/data_pb.ts";
import { ManagementService } from "../../src/wire/gen/lippycat/management/management_pb.ts";
import { MonitoringService } from "../../src/wire/gen/lippycat/monitoring/monitoring_pb.ts";
import { hostileMessages } from "../support/hostile-messages.ts";
import { until } from "../support/record-in-process.ts";
import { ControlNode } from "../unit/control/control-node.ts";
import { check, type Fuzzer, type Random, runAsyncRounds } from "./fuzzer.ts";

const methods = [...ManagementService.methods, ...MonitoringService.methods].map((method) => ({
  path: `/${method.parent.typeName}/${method.name}`,
  method,
  corpus: smallMessages(method),
}));
const subscriptions = hostileMessages(SubscribeRequestSchema)
  .map(({ bytes }) => bytes)
  .filter(({ length }) => length < 400);
/** UNKNOWN, INTERNAL, UNAVAILABLE, DATA_LOSS. */
const faults = [2, 13, 14, 15];

function smallMessages(method: DescMethod): Uint8Array[] {
  const all = hostileMessages(method.input).map(({ bytes }) => bytes);
  return all.filter(({ length }) => length < 400);
}

/**
 * Requests as they come through the tunnel, and those of live views: each ends its own call with a
 * status that is not UNKNOWN, or goes on.
 */
export const requestsFuzzer: Fuzzer = {
  name: "requests",
  async run(seed, rounds) {
    const node = new ControlNode(1000);
    await runAsyncRounds("requests", seed, rounds, async (random, keep) => {
      const { path, method, corpus } = random.pick(methods);
      const bytes = randomMessage(random, corpus);
      keep(bytes);
      const call = node.client.open(path);
      for (let count = random.pick([1, 1, 1, 2, 0]); count > 0; count--) {
        if (call.status === undefined) node.client.send(call, bytes);
      }
      if (random.isChance(80)) node.client.post({ kind: "end", id: call.id });
      if (random.isChance(20)) node.cancel(call);
      // Whatever the call does, those after it are answered.
      const other = node.client.open("/no.such/Method");
      await until(() => other.status !== undefined);
      check(other.status?.code === 12, "another call is not answered");
      const code = call.status?.code ?? 0;
      check(!faults.includes(code), `${method.name}: ${JSON.stringify(call.status)}`);
      if (call.status === undefined) node.cancel(call);
      subscribe(randomMessage(random, subscriptions));
    });
    node.client.port.close();
  },
};

function subscribe(bytes: Uint8Array): void {
  let request: Parameters<typeof selectionOf>[0];
  try {
    request = fromBinary(SubscribeRequestSchema, bytes);
  } catch {
    return;
  }
  try {
    selectionOf(request);
  } catch (error) {
    if (!(error instanceof WeirError)) throw error;
  }
}

function randomMessage(random: Random, corpus: readonly Uint8Array[]): Uint8Array {
  if (random.isChance(10)) return random.bytes(random.below(40));
  const parts = [random.pick(corpus)];
  while (random.isChance(40)) parts.push(random.pick(corpus));
  const bytes = Buffer.concat(parts);
  return random.isChance(60) ? random.mutate(bytes) : Uint8Array.from(bytes);
}
