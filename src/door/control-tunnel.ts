/**
 * The shard's end of the tunnel: every call that control answers is carried to it as opaque bytes
 * (`wire/tunnel.ts`), at most `limits.tunnelUnreadMessagesMax` unread messages each way.
 */
import type { MessagePort } from "node:worker_threads";
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { limits } from "../config/limits.ts";
import type { TunnelRequest, TunnelResponse } from "../wire/tunnel.ts";
import { readCertificate } from "./peer-certificate.ts";

/** A grpc-js call of any kind: bytes in, bytes out. */
type Call = grpc.ServerDuplexStream<Buffer, Buffer>;

const creditStep = limits.tunnelUnreadMessagesMax / 2;

/** Bytes that control has not read yet, over all calls of the shard. */
interface Unread {
  bytes: number;
}

export class ControlTunnel {
  private readonly port: MessagePort;
  private readonly calls = new Map<number, TunnelCall>();
  private readonly unread: Unread = { bytes: 0 };
  private nextId = 1;

  constructor(port: MessagePort) {
    this.port = port;
    port.on("message", (response: TunnelResponse) =>
      this.calls.get(response.id)?.onResponse(response),
    );
  }

  /** The grpc-js definition and handlers that carry each method of `service` but those of `except`. */
  serve(server: grpc.Server, service: DescService, except: readonly string[] = []): void {
    const definition: Record<string, grpc.MethodDefinition<Buffer, Buffer>> = {};
    const handlers: Record<string, (call: Call) => void> = {};
    for (const method of service.methods) {
      if (except.includes(method.name)) continue;
      definition[method.name] = passThrough(service, method);
      const path = `/${service.typeName}/${method.name}`;
      handlers[method.name] = (call) => this.open(path, call);
    }
    server.addService(definition, handlers as grpc.UntypedServiceImplementation);
  }

  /** Ends every open call, as control is gone or the node stops. */
  endAll(code: number, message: string): void {
    for (const [id, call] of this.calls) {
      call.onResponse({ kind: "status", id, code, message });
    }
  }

  private open(path: string, call: Call): void {
    if (this.calls.size >= limits.tunnelCallsMax) {
      call.emit("error", { code: grpc.status.RESOURCE_EXHAUSTED, details: "too many open calls" });
      return;
    }
    const id = this.nextId++;
    const post = (request: TunnelRequest) => this.port.postMessage(request);
    const onOver = () => this.calls.delete(id);
    this.calls.set(id, new TunnelCall(id, call, post, this.unread, onOver));
    const metadata = Object.entries(call.metadata.getMap()).map(
      ([key, value]) => [key, value.toString()] as const,
    );
    const certificate = readCertificate(call.getAuthContext().sslPeerCertificate);
    post({ kind: "open", id, path, peer: call.getPeer(), certificate, metadata });
  }
}

/**
 * Every method is served as a bidirectional stream: on the wire the four kinds differ only in how
 * many messages travel, and control knows the kind.
 */
function passThrough(
  service: DescService,
  method: DescMethod,
): grpc.MethodDefinition<Buffer, Buffer> {
  const bytes = (message: Buffer) => message;
  return {
    path: `/${service.typeName}/${method.name}`,
    requestStream: true,
    responseStream: true,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  };
}

class TunnelCall {
  private readonly id: number;
  private readonly call: Call;
  private readonly post: (request: TunnelRequest) => void;
  private readonly onOver: () => void;
  private readonly unread: Unread;
  /** Lengths of the messages that control has not read yet. */
  private readonly lengths: number[] = [];
  private written = 0;
  private over = false;

  constructor(
    id: number,
    call: Call,
    post: (request: TunnelRequest) => void,
    unread: Unread,
    onOver: () => void,
  ) {
    this.id = id;
    this.call = call;
    this.post = post;
    this.unread = unread;
    this.onOver = onOver;
    call.on("data", (bytes: Buffer) => this.onMessage(bytes));
    call.on("end", () => this.send({ kind: "end", id }));
    call.on("cancelled", () => this.cancel());
    call.on("error", () => this.cancel());
    call.on("close", () => this.cancel());
  }

  onResponse(response: TunnelResponse): void {
    if (this.over) return;
    switch (response.kind) {
      case "message":
        this.write(Buffer.from(response.bytes));
        return;
      case "credit":
        for (const length of this.lengths.splice(0, response.count)) this.unread.bytes -= length;
        this.call.resume();
        return;
      case "status":
        this.finish(response.code, response.message);
    }
  }

  private onMessage(bytes: Buffer): void {
    if (this.over) return;
    if (this.unread.bytes + bytes.length > limits.tunnelUnreadBytesMax) {
      this.send({ kind: "cancel", id: this.id });
      this.finish(grpc.status.RESOURCE_EXHAUSTED, "too much is waiting to be answered");
      return;
    }
    this.unread.bytes += bytes.length;
    this.lengths.push(bytes.length);
    // A copy: what is posted takes all the memory along that its bytes are a part of.
    this.send({ kind: "message", id: this.id, bytes: new Uint8Array(bytes) });
    if (this.lengths.length >= limits.tunnelUnreadMessagesMax) this.call.pause();
  }

  /** Credit goes back only as HTTP/2 takes the messages, which it does as the client reads. */
  private write(message: Buffer): void {
    this.call.write(message, () => {
      if (++this.written % creditStep !== 0) return;
      this.send({ kind: "credit", id: this.id, count: creditStep });
    });
  }

  private finish(code: number, message: string): void {
    this.settle();
    if (code === grpc.status.OK) this.call.end();
    else this.call.emit("error", { code, details: message });
  }

  private cancel(): void {
    if (this.over) return;
    this.send({ kind: "cancel", id: this.id });
    this.settle();
  }

  private settle(): void {
    this.over = true;
    for (const length of this.lengths) this.unread.bytes -= length;
    this.onOver();
  }

  private send(request: TunnelRequest): void {
    if (!this.over) this.post(request);
  }
}
