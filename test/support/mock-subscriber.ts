/**
 * A live view with the limits of the existing terminal client (docs/wire.md#terminal-client): it takes
 * messages up to 4 MiB, and an error ends it.
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import {
  DataService,
  type PacketBatch,
  type SubscribeRequestSchema,
} from "../../src/wire/gen/lippycat/data/data_pb.ts";
import type { MonitoringService } from "../../src/wire/gen/lippycat/monitoring/monitoring_pb.ts";
import { ServerStream } from "./server-stream.ts";

export const subscribePacketsPath = "/lippycat.data.DataService/SubscribePackets";

type SubscribePackets =
  | typeof DataService.method.subscribePackets
  | typeof MonitoringService.method.subscribePackets;

export class MockSubscriber extends ServerStream<SubscribePackets> {
  constructor(
    address: string,
    request: MessageInitShape<typeof SubscribeRequestSchema> = {},
    method: SubscribePackets = DataService.method.subscribePackets,
    security: grpc.ChannelCredentials = grpc.credentials.createInsecure(),
  ) {
    const client = new grpc.Client(address, security, {
      "grpc.use_local_subchannel_pool": 1,
      "grpc.max_receive_message_length": 4 * 1024 * 1024,
    });
    super(address, method, request, client);
  }

  /** Everything received. */
  get batches(): PacketBatch[] {
    return this.messages;
  }

  /** Sequences of the batches of one hunter, in the order they came. */
  sequencesOf(hunterId: string): number[] {
    const own = this.batches.filter((batch) => batch.hunterId === hunterId);
    return own.map(({ sequence }) => Number(sequence));
  }

  /** Resolves when `condition` holds after a batch or the end; rejects when it ends before. */
  override async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.end !== undefined) throw new Error(`ended: ${JSON.stringify(this.end)}`);
      await this.change();
    }
  }
}
