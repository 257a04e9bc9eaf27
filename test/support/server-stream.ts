/** A call with one request and many answers, which keeps account of what came and how it ended. */
import {
  create,
  type DescMethodServerStreaming,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import type * as grpc from "@grpc/grpc-js";
import { connect, type StreamEnd } from "./mock-hunter.ts";

const bytes = (message: Buffer): Buffer => message;

/** @example new ServerStream(node.address, Health.method.watch, { service: "" }) */
export class ServerStream<M extends DescMethodServerStreaming> {
  readonly call: grpc.ClientReadableStream<Buffer>;
  /** In the order they came; a test may empty it. */
  readonly messages: MessageShape<M["output"]>[] = [];
  end: StreamEnd | undefined = undefined;
  private readonly client: grpc.Client;
  private waiters: (() => void)[] = [];

  constructor(
    address: string,
    method: M,
    request: MessageInitShape<M["input"]>,
    client: grpc.Client = connect(address),
  ) {
    this.client = client;
    const path = `/${method.parent.typeName}/${method.name}`;
    const message = Buffer.from(toBinary(method.input, create(method.input, request)));
    this.call = client.makeServerStreamRequest(path, bytes, bytes, message);
    this.call.on("data", (answer: Buffer) => {
      this.messages.push(fromBinary(method.output, answer) as MessageShape<M["output"]>);
      this.wake();
    });
    this.call.on("status", ({ code, details }) => {
      this.end = { code, details };
      this.wake();
    });
    this.call.on("error", () => {});
  }

  /** Resolves when `condition` holds after a message or the end of the call. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.waiters.push(resolve));
  }

  async waitEnd(): Promise<StreamEnd> {
    await this.until(() => this.end !== undefined);
    return this.end as StreamEnd;
  }

  close(): void {
    this.call.cancel();
    this.client.close();
  }

  private wake(): void {
    const { waiters } = this;
    this.waiters = [];
    for (const resolve of waiters) resolve();
  }
}
