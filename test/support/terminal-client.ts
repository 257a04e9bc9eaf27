/**
 * A client with the limits and habits of the existing terminal UI (docs/wire.md#terminal-client): one
 * connection, messages of at most 4 MiB, nested messages read without asking, and the end of any of
 * its calls is the end of the connection.
 */
import * as grpc from "@grpc/grpc-js";
import {
  type ConnectedHunter,
  HunterStatus,
  ManagementService,
  type ProcessorNode,
  type StatusResponse,
  type TopologyUpdate,
} from "../../src/wire/gen/lippycat/management/management_pb.ts";
import { ServerStream } from "./server-stream.ts";
import { unaryRpc } from "./unary-call.ts";

const { getHunterStatus, getTopology, listAvailableHunters, subscribeTopology } =
  ManagementService.method;

/** A further call that stays open for as long as the connection is good. */
export interface OpenStream {
  readonly end: { readonly code: number; readonly details: string } | undefined;
  until(condition: () => boolean): Promise<void>;
}

export interface TerminalOptions {
  /** Further calls that it opens with the others, on its connection. */
  readonly streams?: readonly ((client: grpc.Client, address: string) => OpenStream)[];
  /** The existing one asks every 2 s. */
  readonly pollMs?: number;
}

export class TerminalClient {
  readonly client: grpc.Client;
  /** Hunters as a user sees them, by id. */
  readonly hunters = new Map<string, ConnectedHunter>();
  readonly updates: TopologyUpdate[] = [];
  status: StatusResponse | undefined = undefined;
  topology: ProcessorNode | undefined = undefined;
  polls = 0;
  /** Why it takes the connection for dead, or has crashed. */
  trouble: string | undefined = undefined;
  private readonly topologyStream: ServerStream<typeof subscribeTopology>;
  private readonly address: string;
  private readonly options: TerminalOptions;
  private seen = 0;
  private timer: ReturnType<typeof setTimeout> | undefined = undefined;
  private closed = false;
  private waiters: (() => void)[] = [];

  private constructor(client: grpc.Client, address: string, options: TerminalOptions) {
    this.client = client;
    this.address = address;
    this.options = options;
    this.topologyStream = new ServerStream(address, subscribeTopology, {}, client);
  }

  /** Throws when it would take the node for a hunter: its first question was not answered in 2 s. */
  static async connect(address: string, options: TerminalOptions = {}): Promise<TerminalClient> {
    const client = new grpc.Client(address, grpc.credentials.createInsecure(), {
      "grpc.use_local_subchannel_pool": 1,
      "grpc.max_receive_message_length": 4 * 1024 * 1024,
    });
    const probe = await unaryRpc(client, getHunterStatus, {}, 2000);
    const terminal = new TerminalClient(client, address, options);
    terminal.takeStatus(probe);
    await terminal.begin();
    return terminal;
  }

  /** What it shows of a hunter; throws when it shows none. */
  hunter(id: string): ConnectedHunter {
    const hunter = this.hunters.get(id);
    if (hunter === undefined) throw new Error(`${id} is not shown: ${[...this.hunters.keys()]}`);
    return hunter;
  }

  /** The list from which a user chooses hunters. */
  async selectable(): Promise<string[]> {
    const { hunters } = await unaryRpc(this.client, listAvailableHunters, {}, 5000);
    return hunters.map(({ hunterId }) => hunterId);
  }

  /** Resolves when `condition` holds after something came; throws when it is in trouble before. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.trouble !== undefined) throw new Error(this.trouble);
      await new Promise<void>((resolve) => this.waiters.push(resolve));
    }
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.topologyStream.cancel();
    this.client.close();
  }

  private async begin(): Promise<void> {
    const { client, address, topologyStream } = this;
    for (const open of this.options.streams ?? []) this.watch(open(client, address));
    this.watch(topologyStream);
    void topologyStream.until(() => this.takeUpdates() && topologyStream.end !== undefined);
    this.pollLater();
    const { processor } = await unaryRpc(client, getTopology, {}, 5000);
    this.topology = processor;
    for (const hunter of processor?.hunters ?? []) this.show(hunter);
  }

  private watch(stream: OpenStream): void {
    void stream
      .until(() => stream.end !== undefined)
      .then(() => this.fail(`a call ended: ${stream.end?.code} ${stream.end?.details}`));
  }

  private pollLater(): void {
    this.timer = setTimeout(() => {
      unaryRpc(this.client, getHunterStatus, {}).then(
        (status) => {
          this.takeStatus(status);
          this.polls++;
          this.wake();
          this.pollLater();
        },
        (error: Error) => this.fail(`the poll failed: ${error.message}`),
      );
    }, this.options.pollMs ?? 2000);
  }

  private takeStatus(status: StatusResponse): void {
    this.status = status;
    this.hunters.clear();
    for (const hunter of status.hunters) this.show(hunter);
  }

  /** Always true; for the loop that waits for more. */
  private takeUpdates(): true {
    for (const update of this.topologyStream.messages.slice(this.seen)) {
      this.seen++;
      this.updates.push(update);
      this.takeUpdate(update);
    }
    this.wake();
    return true;
  }

  private takeUpdate({ event }: TopologyUpdate): void {
    switch (event.case) {
      case "hunterConnected":
        this.show(event.value.hunter);
        return;
      case "hunterDisconnected":
        this.hunters.delete(event.value.hunterId);
        return;
      case "hunterStatusChanged": {
        const hunter = this.hunters.get(event.value.hunterId);
        if (hunter !== undefined) hunter.status = event.value.newStatus;
        return;
      }
      default:
        this.fail(`crash: an update of kind ${event.case}`);
    }
  }

  /** It reads these without asking whether they are there. */
  private show(hunter: ConnectedHunter | undefined): void {
    if (hunter?.stats === undefined) this.fail("crash: a hunter without stats");
    else if (hunter.status > HunterStatus.STATUS_STOPPING) {
      this.fail(`crash: no name for status ${hunter.status}`);
    } else this.hunters.set(hunter.hunterId, hunter);
  }

  private fail(trouble: string): void {
    if (this.closed) return;
    this.trouble ??= trouble;
    this.wake();
  }

  private wake(): void {
    const { waiters } = this;
    this.waiters = [];
    for (const resolve of waiters) resolve();
  }
}
