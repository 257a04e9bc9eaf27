/** A door whose control is the test: what goes to control is kept, and the test answers. */
import type * as grpc from "@grpc/grpc-js";
import type { TunnelRequest, TunnelResponse } from "../../../src/wire/tunnel.ts";
import { connect } from "../../support/mock-hunter.ts";
import { until } from "../../support/record-in-process.ts";
import { type OpenDoor, openDoor } from "./open-door.ts";

export const heartbeatPath = "/lippycat.management.ManagementService/Heartbeat";
export const bytes = (message: Buffer): Buffer => message;

/** A stream of heartbeats, and what its client got. */
export interface Heard {
  readonly call: grpc.ClientDuplexStream<Buffer, Buffer>;
  readonly messages: string[];
  status: grpc.StatusObject | undefined;
}

export class TunnelBench {
  readonly node: OpenDoor;
  readonly client: grpc.Client;
  requests: TunnelRequest[] = [];

  private constructor(node: OpenDoor) {
    this.node = node;
    this.client = connect(node.address);
    node.control.on("message", (request: TunnelRequest) => this.requests.push(request));
  }

  static async open(): Promise<TunnelBench> {
    return new TunnelBench(await openDoor());
  }

  async close(): Promise<void> {
    this.client.close();
    await this.node.close();
  }

  answer(response: TunnelResponse): void {
    this.node.control.postMessage(response);
  }

  ofKind<Kind extends TunnelRequest["kind"]>(kind: Kind): Extract<TunnelRequest, { kind: Kind }>[] {
    return this.requests.filter((request): request is Extract<TunnelRequest, { kind: Kind }> => {
      return request.kind === kind;
    });
  }

  beat(listen = true): Heard {
    const call = this.client.makeBidiStreamRequest(heartbeatPath, bytes, bytes);
    const heard: Heard = { call, messages: [], status: undefined };
    if (listen) call.on("data", (message: Buffer) => heard.messages.push(message.toString()));
    call.on("status", (status) => {
      heard.status = status;
    });
    call.on("error", () => {});
    return heard;
  }

  /** A whole RPC: whatever the shard had to post before is here when it is over. */
  async anotherRpc(): Promise<void> {
    const cancels = this.ofKind("cancel").length;
    const { call } = this.beat();
    call.write(Buffer.from("other"));
    const sent = () =>
      this.ofKind("message").find((message) => Buffer.from(message.bytes).toString() === "other");
    await until(() => sent() !== undefined);
    const id = sent()?.id;
    call.cancel();
    await until(() => this.ofKind("cancel").length > cancels);
    this.requests = this.requests.filter((request) => !("id" in request) || request.id !== id);
  }
}
