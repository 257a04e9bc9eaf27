/** An RPC with one request and many answers, which keeps account of what came and how it ended. */
import type { DescMethodServerStreaming, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { type CallOptions, ConnectError, createClient } from "@connectrpc/connect";
import type * as grpc from "@grpc/grpc-js";
import { createGrpcTransport } from "../../src/dial/transport.ts";
import { connect, type StreamEnd } from "./mock-hunter.ts";

/** @example new ServerStream(node.address, Health.method.watch, { service: "" }) */
export class ServerStream<M extends DescMethodServerStreaming> {
  readonly client: grpc.Client;
  /** In the order they came; a test may empty it. */
  readonly messages: MessageShape<M["output"]>[] = [];
  end: StreamEnd | undefined = undefined;
  /** Is told of each message. */
  onMessage: () => void = () => {};
  private readonly stop = new AbortController();
  /** While it reads nothing. */
  private gate: PromiseWithResolvers<void> | undefined = undefined;
  private waiters: (() => void)[] = [];

  constructor(
    address: string,
    method: M,
    request: MessageInitShape<M["input"]>,
    client: grpc.Client = connect(address),
  ) {
    this.client = client;
    type Rpc = (request: unknown, options: CallOptions) => AsyncIterable<MessageShape<M["output"]>>;
    const rpcs: unknown = createClient(method.parent, createGrpcTransport(client));
    const open = (rpcs as Record<string, Rpc>)[method.localName] as Rpc;
    void this.read(open(request, { signal: this.stop.signal }));
  }

  get isStalled(): boolean {
    return this.gate !== undefined;
  }

  /** Reads nothing more, as a client that hangs. */
  stall(): void {
    this.gate ??= Promise.withResolvers<void>();
  }

  resume(): void {
    this.gate?.resolve();
    this.gate = undefined;
  }

  /** Resolves when `condition` holds after a message or the end of the RPC. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await this.change();
  }

  async waitEnd(): Promise<StreamEnd> {
    await this.until(() => this.end !== undefined);
    return this.end as StreamEnd;
  }

  cancel(): void {
    this.stop.abort();
  }

  close(): void {
    this.cancel();
    this.client.close();
  }

  /** Resolves at the next message, or at the end. */
  protected change(): Promise<void> {
    return new Promise<void>((resolve) => this.waiters.push(resolve));
  }

  private async read(messages: AsyncIterable<MessageShape<M["output"]>>): Promise<void> {
    try {
      for await (const message of messages) {
        while (this.gate !== undefined) await this.gate.promise;
        this.messages.push(message);
        this.onMessage();
        this.wake();
      }
      this.end = { code: 0, details: "" };
    } catch (error) {
      const { code, rawMessage } = ConnectError.from(error);
      this.end = { code, details: rawMessage };
    }
    this.wake();
  }

  private wake(): void {
    const { waiters } = this;
    this.waiters = [];
    for (const resolve of waiters) resolve();
  }
}
