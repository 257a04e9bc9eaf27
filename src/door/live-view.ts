/** SubscribePackets served straight on the HTTP/2 stream: what subscribers share is written once made. */
import type { ServerHttp2Stream } from "node:http2";
import { fromBinary } from "@bufbuild/protobuf";
import { errorText, WeirError } from "../base/errors.ts";
import { limits } from "../config/limits.ts";
import type { Fanout } from "../fanout/fanout.ts";
import { type Selection, selectionOf } from "../fanout/selection.ts";
import type { Subscriber } from "../fanout/subscriber.ts";
import type { SubscriberEnd, SubscriberPort } from "../fanout/subscriber-port.ts";
import {
  type SubscribeRequest,
  SubscribeRequestSchema,
} from "../wire/gen/lippycat/data/data_pb.ts";
import { Envelope, type EnvelopeFault } from "./envelope.ts";
import { respondGrpc, sendTrailersOf } from "./grpc-response.ts";
import type { MessageRoom } from "./message-budget.ts";

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
}

const status = {
  invalidArgument: 3,
  deadlineExceeded: 4,
  resourceExhausted: 8,
  unimplemented: 12,
} as const;

/** One RPC of SubscribePackets. */
export class LiveView implements SubscriberPort {
  readonly peer: string;
  private readonly http: ServerHttp2Stream;
  private readonly options: LiveViewOptions;
  private readonly envelope: Envelope;
  private subscription: { subscriber: Subscriber; selection: Selection } | undefined = undefined;
  private ending: SubscriberEnd = { code: 0, message: "" };
  private readonly since: number;
  private halfClosed = false;
  private over = false;

  constructor(http: ServerHttp2Stream, options: LiveViewOptions) {
    this.http = http;
    this.options = options;
    this.peer = options.peer;
    this.since = options.now();
    this.envelope = new Envelope({
      messageBytesMax: limits.subscribeRequestBytesMax,
      smallBytesMax: limits.tunnelSmallMessageBytesMax,
      room: options.room,
      take: (bytes, length) => this.onRequest(bytes.subarray(0, length)),
      wait: (waiting) => {
        if (waiting) this.fail(status.resourceExhausted, "no room for a request of this size now");
      },
      refuse: (fault) => this.refuse(fault),
    });
    respondGrpc(http);
    http.on("wantTrailers", () => sendTrailersOf(http, this.ending));
    http.on("data", (chunk: Buffer) => this.envelope.push(chunk));
    http.on("end", () => this.onEnd());
    http.on("close", () => this.onClose());
    http.on("error", () => this.onClose());
  }

  /** Ends the RPC when its request does not come; called every few seconds. */
  sweep(now: number): void {
    if (this.subscription !== undefined || now - this.since < limits.tunnelStallMsMax) return;
    const seconds = limits.tunnelStallMsMax / 1000;
    this.fail(status.deadlineExceeded, `the request did not come within ${seconds} s`);
  }

  write(frames: Buffer, taken: () => void): void {
    if (this.over) return;
    this.http.write(frames, (error) => {
      // Without an error the transport is done with the bytes; otherwise the RPC's end tells.
      if (error === undefined || error === null) taken();
    });
  }

  end(end: SubscriberEnd): void {
    if (this.over) return;
    this.ending = end;
    this.onClose();
    const { http } = this;
    if (http.destroyed) return;
    http.end();
    // RST_STREAM(NO_ERROR) after the trailers: what the client still sends is not wanted.
    if (!this.halfClosed) http.once("finish", () => setImmediate(() => http.close(0)));
    http.resume();
  }

  /** The one message of the RPC. */
  private onRequest(bytes: Uint8Array): boolean {
    if (this.over || this.subscription !== undefined) return true;
    let request: SubscribeRequest;
    try {
      request = fromBinary(SubscribeRequestSchema, bytes);
    } catch (error) {
      return this.fail(status.invalidArgument, `SubscribeRequest: ${errorText(error)}`);
    }
    if (Buffer.byteLength(request.clientId) > limits.clientIdBytesMax) {
      const text = `client_id is longer than ${limits.clientIdBytesMax} bytes`;
      return this.fail(status.invalidArgument, text);
    }
    if (!this.options.enter()) {
      const text = `this processor takes at most ${this.options.subscribersMax} subscribers (--max-subscribers)`;
      return this.fail(status.resourceExhausted, text);
    }
    try {
      const selection = selectionOf(request);
      const subscriber = this.options.fanout.subscribe(this, selection, request.clientId);
      this.subscription = { subscriber, selection };
    } catch (error) {
      this.options.leave();
      if (!(error instanceof WeirError)) throw error;
      return this.fail(status.invalidArgument, error.message);
    }
    return true;
  }

  private onEnd(): void {
    this.halfClosed = true;
    if (this.subscription === undefined) {
      this.fail(status.invalidArgument, "the call has no SubscribeRequest");
    }
  }

  private onClose(): void {
    if (this.over) return;
    this.over = true;
    this.envelope.close();
    const { subscription } = this;
    if (subscription === undefined) return;
    this.subscription = undefined;
    this.options.fanout.unsubscribe(subscription.subscriber, subscription.selection);
    this.options.leave();
  }

  private refuse(fault: EnvelopeFault): void {
    if (fault.kind === "compressed") {
      this.fail(status.unimplemented, "compressed messages are not accepted");
      return;
    }
    const max = limits.subscribeRequestBytesMax;
    this.fail(status.resourceExhausted, `a request of ${fault.length} bytes; the most is ${max}`);
  }

  private fail(code: number, message: string): true {
    this.end({ code, message });
    return true;
  }
}
