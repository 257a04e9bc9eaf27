/**
 * A hunter that does what the existing ones do (docs/wire.md#hunters): two connections, it
 * registers, streams packets, subscribes to filters and sends heartbeats.
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type HunterHeartbeatSchema,
  type HunterRegistrationSchema,
  ManagementService,
} from "../../src/wire/gen/lippycat/management/management_pb.ts";
import { ManagementClient } from "./management-client.ts";
import { MockHunter } from "./mock-hunter.ts";
import { numberedBatch } from "./numbered-packets.ts";
import { ServerStream } from "./server-stream.ts";

const { subscribeFilters } = ManagementService.method;

type Registration = MessageInitShape<typeof HunterRegistrationSchema>;
type Beat = MessageInitShape<typeof HunterHeartbeatSchema>;

export class ManagedHunter {
  readonly id: string;
  readonly management: ManagementClient;
  readonly data: MockHunter;
  readonly filters: ServerStream<typeof subscribeFilters>;
  private sent = 0;

  private constructor(address: string, id: string, management: ManagementClient) {
    this.id = id;
    this.management = management;
    this.data = new MockHunter(address);
    const request = { hunterId: id };
    this.filters = new ServerStream(address, subscribeFilters, request, management.client);
  }

  /** Rejects with a ConnectError when it is not registered. */
  static async start(address: string, id: string, more: Registration = {}): Promise<ManagedHunter> {
    const management = new ManagementClient(address);
    try {
      await management.register({ hunterId: id, ...more });
    } catch (error) {
      management.close();
      throw error;
    }
    return new ManagedHunter(address, id, management);
  }

  /** Sends so many packets in one batch and waits for its ack. */
  async capture(packets: number): Promise<void> {
    const batch = { hunterId: this.id, hunter: 1, first: 0, packets, sequence: ++this.sent };
    this.data.send(numberedBatch(batch));
    await this.data.waitAcks(this.sent);
  }

  beat(fields: Beat = {}): ReturnType<ManagementClient["heartbeat"]> {
    return this.management.heartbeat({ hunterId: this.id, ...fields });
  }

  /** Goes away without a word. */
  close(): void {
    this.data.close();
    this.filters.cancel();
    this.management.close();
  }
}
