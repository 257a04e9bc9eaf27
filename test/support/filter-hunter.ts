/**
 * A hunter as far as filters go: registers, subscribes, and applies what it is told as the existing
 * hunters do (docs/wire.md#filters-on-a-hunter).
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type FilterUpdate,
  FilterUpdateType,
  type HunterCapabilitiesSchema,
  ManagementService,
} from "../../src/wire/gen/lippycat/management/management_pb.ts";
import { FilterModel } from "./filter-model.ts";
import { ManagementClient } from "./management-client.ts";
import { ServerStream } from "./server-stream.ts";

/** What an existing hunter in VoIP mode says of itself. */
export const voipTypes = [
  "bpf",
  "ip_address",
  "sip_user",
  "phone_number",
  "call_id",
  "codec",
  "sip_uri",
] as const;

export class FilterHunter {
  readonly id: string;
  readonly model = new FilterModel();
  /** `ADD id`, in the order they came. */
  readonly log: string[] = [];
  stream: ServerStream<typeof ManagementService.method.subscribeFilters>;
  private readonly management: ManagementClient;
  private applied = 0;

  private constructor(address: string, id: string, management: ManagementClient) {
    this.id = id;
    this.management = management;
    const { subscribeFilters } = ManagementService.method;
    this.stream = new ServerStream(address, subscribeFilters, { hunterId: id });
    this.stream.onMessage = () => this.apply();
  }

  /** Registers and subscribes; `between` happens after the one and before the other. */
  static async start(
    address: string,
    id: string,
    filterTypes: readonly string[] = voipTypes,
    between: () => Promise<unknown> = async () => {},
  ): Promise<FilterHunter> {
    const management = new ManagementClient(address);
    const capabilities: MessageInitShape<typeof HunterCapabilitiesSchema> = {
      filterTypes: [...filterTypes],
    };
    const { filters } = await management.register({ hunterId: id, capabilities });
    await between();
    const hunter = new FilterHunter(address, id, management);
    hunter.model.replace(filters);
    return hunter;
  }

  /** One that subscribes without ever having registered. */
  static stranger(address: string, id: string): FilterHunter {
    return new FilterHunter(address, id, new ManagementClient(address));
  }

  /** Ids of the filters that it holds. */
  get held(): string[] {
    return [...this.model.filters.keys()].toSorted();
  }

  /** Resolves when `condition` holds after an update; throws when the call ends before. */
  async until(condition: () => boolean): Promise<void> {
    await this.stream.until(() => condition() || this.stream.end !== undefined);
    if (!condition()) throw new Error(`${this.id}: ${JSON.stringify(this.stream.end)}`);
  }

  /** Resolves when it holds exactly these. */
  async untilHeld(...ids: string[]): Promise<void> {
    const wanted = ids.toSorted().join(" ");
    await this.until(() => this.held.join(" ") === wanted);
  }

  close(): void {
    this.stream.close();
    this.management.close();
  }

  private apply(): void {
    for (; this.applied < this.stream.messages.length; this.applied++) {
      const update = this.stream.messages[this.applied] as FilterUpdate;
      this.log.push(`${words[update.updateType]} ${update.filter?.id}`);
      this.model.apply(update);
    }
  }
}

const words: Readonly<Record<number, string>> = {
  [FilterUpdateType.UPDATE_ADD]: "ADD",
  [FilterUpdateType.UPDATE_MODIFY]: "MODIFY",
  [FilterUpdateType.UPDATE_DELETE]: "DELETE",
};
