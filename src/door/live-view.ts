/** One RPC of SubscribePackets: one request, and then what fan-out has for it. */

import { fromBinary } from "@bufbuild/protobuf";
import { errorText, WeirError } from "../base/errors.ts";
import { limits } from "../config/limits.ts";
import type { Fanout } from "../fanout/fanout.ts";
import { type Selection, selectionOf } from "../fanout/selection.ts";
import type { Subscriber } from "../fanout/subscriber.ts";
import type { SubscriberPort } from "../fanout/subscriber-port.ts";
import { type GrpcStatus, grpcCode } from "../grpc/grpc-status.ts";
import type { MessageRoom } from "../grpc/message-budget.ts";
import { ServerRpc, type ServerRpcHandler } from "../grpc/server-rpc.ts";
import type { FramedBytes } from "../http2/framed-bytes.ts";
import type { Http2Stream } from "../http2/http2-stream.ts";
import {
  type SubscribeRequest,
  SubscribeRequestSchema,
} from "../wire/gen/lippycat/data/data_pb.ts";

export interface LiveViewOptions {
  readonly fanout: Fanout;
  readonly room: MessageRoom;
  /** `address:port` of the client. */
  readonly peer: string;
  /** Takes a place among the subscribers; false when there is none left. */
  readonly enter: () => boolean;
  readonly leave: () => void;
  readonly subscribersMax: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Its stream is closed. */
  readonly onClosed: () => void;
}

export class LiveView implements SubscriberPort, ServerRpcHandler {
  readonly peer: string;
  private readonly options: LiveViewOptions;
  private readonly rpc: ServerRpc;
  private subscription: { subscriber: Subscriber; selection: Selection } | undefined = undefined;
  private readonly sinceMs: number;

  constructor(stream: Http2Stream, options: LiveViewOptions) {
    this.options = options;
    this.peer = options.peer;
    this.sinceMs = options.now();
    this.rpc = new ServerRpc(stream, {
      messageBytesMax: limits.subscribeRequestBytesMax,
      smallBytesMax: limits.tunnelSmallMessageBytesMax,
      limitHint: "",
      room: options.room,
      handler: this,
    });
    this.rpc.begin();
  }

  /** Ends the RPC when its request does not come; called every few seconds. */
  sweep(now: number): void {
    if (this.subscription !== undefined || now - this.sinceMs < limits.tunnelStallMsMax) return;
    const seconds = limits.tunnelStallMsMax / 1000;
    this.fail(grpcCode.deadlineExceeded, `the request did not come within ${seconds} s`);
  }

  write(frames: FramedBytes, taken: () => void): void {
    this.rpc.writeFramed(frames, taken);
  }

  end(status: GrpcStatus): void {
    if (this.rpc.isOver) return;
    this.unsubscribe();
    this.rpc.finish(status);
  }

  /** The one message of the RPC. */
  onMessage(bytes: Buffer, length: number): boolean {
    if (this.subscription !== undefined) return true;
    let request: SubscribeRequest;
    try {
      request = fromBinary(SubscribeRequestSchema, bytes.subarray(0, length));
    } catch (error) {
      return this.fail(grpcCode.invalidArgument, `SubscribeRequest: ${errorText(error)}`);
    }
    if (Buffer.byteLength(request.clientId) > limits.clientIdBytesMax) {
      const text = `client_id is longer than ${limits.clientIdBytesMax} bytes`;
      return this.fail(grpcCode.invalidArgument, text);
    }
    if (!this.options.enter()) {
      const text = `this processor takes at most ${this.options.subscribersMax} subscribers (--max-subscribers)`;
      return this.fail(grpcCode.resourceExhausted, text);
    }
    try {
      const selection = selectionOf(request);
      const subscriber = this.options.fanout.subscribe(this, selection, request.clientId);
      this.subscription = { subscriber, selection };
    } catch (error) {
      this.options.leave();
      if (!(error instanceof WeirError)) throw error;
      return this.fail(grpcCode.invalidArgument, error.message);
    }
    return true;
  }

  onRoom(waiting: boolean): void {
    if (waiting) this.fail(grpcCode.resourceExhausted, "no room for a request of this size now");
  }

  onHalfClose(): void {
    if (this.subscription !== undefined) return;
    this.fail(grpcCode.invalidArgument, "the RPC has no SubscribeRequest");
  }

  onBadMessage(status: GrpcStatus): void {
    this.end(status);
  }

  onCancel(): boolean {
    this.unsubscribe();
    return false;
  }

  onClose(): void {
    this.options.onClosed();
  }

  private unsubscribe(): void {
    const { subscription } = this;
    if (subscription === undefined) return;
    this.subscription = undefined;
    this.options.fanout.unsubscribe(subscription.subscriber, subscription.selection);
    this.options.leave();
  }

  private fail(code: number, message: string): true {
    this.end({ code, message });
    return true;
  }
}
