/**
 * Control's end of the tunnel (`wire/tunnel.ts`): decodes an RPC's messages, runs the method of the
 * Connect service that has it, and sends back what it answers. What a client sends can fail its own
 * RPC only.
 */
import type { MessagePort } from "node:worker_threads";
import {
  create,
  type DescMessage,
  type DescMethod,
  type DescService,
  fromBinary,
  type Message,
  toBinary,
} from "@bufbuild/protobuf";
import { Code, ConnectError, createContextValues, type HandlerContext } from "@connectrpc/connect";
import { limits } from "../config/limits.ts";
import { noteGarbage } from "../pipeline/collect.ts";
import type { TunnelRequest, TunnelResponse } from "../wire/tunnel.ts";
import { AnswerWindow } from "./answer-window.ts";
import { endRpcKey } from "./end-rpc.ts";
import { MessageQueue } from "./message-queue.ts";
import { callerKey, peerKey } from "./peer.ts";

/** Bytes of garbage for each byte of an answer. */
const garbageShare = 4;

/** One method with its implementation, as `ServiceImpl` of @connectrpc/connect types it. */
export interface Route {
  readonly service: DescService;
  readonly method: DescMethod;
  readonly handler: (input: never, context: HandlerContext) => unknown;
}

export type Routes = ReadonlyMap<string, Route>;

/** Collects the methods that `implementation` has; the others answer UNIMPLEMENTED. */
export function addRoutes(
  routes: Map<string, Route>,
  service: DescService,
  implementation: Readonly<Record<string, unknown>>,
): void {
  for (const method of service.methods) {
    const handler = implementation[method.localName];
    if (typeof handler !== "function") continue;
    const route: Route = { service, method, handler: handler.bind(implementation) };
    routes.set(`/${service.typeName}/${method.name}`, route);
  }
}

/** Answers the RPCs that arrive on `port`, until it closes, which cancels those that are open. */
export function dispatch(port: MessagePort, routes: Routes): void {
  const rpcs = new Map<number, DispatchedRpc>();
  const window = new AnswerWindow();
  port.on("close", () => {
    for (const [id, rpc] of rpcs) rpc.onRequest({ kind: "cancel", id });
  });
  port.on("message", (request: TunnelRequest) => {
    if (request.kind === "taken") {
      window.taken(request.bytes);
      return;
    }
    if (request.kind !== "open" && request.kind !== "unary") {
      rpcs.get(request.id)?.onRequest(request);
      return;
    }
    const { id, path } = request;
    const route = routes.get(path);
    if (route === undefined) {
      const message = `${path} is not served by this version of Weir`;
      const kind = request.kind === "unary" ? "answer" : "status";
      post(port, { kind, id, code: Code.Unimplemented, message });
      return;
    }
    const rpc = new DispatchedRpc(port, request, route, window);
    rpcs.set(id, rpc);
    void rpc.run().finally(() => rpcs.delete(id));
  });
}

function post(port: MessagePort, response: TunnelResponse): void {
  port.postMessage(response);
}

/** What is about one RPC. */
type RpcRequest = Exclude<TunnelRequest, { kind: "taken" }>;
type OpenRequest = Extract<TunnelRequest, { kind: "open" | "unary" }>;

class DispatchedRpc {
  private readonly port: MessagePort;
  private readonly id: number;
  private readonly route: Route;
  private readonly window: AnswerWindow;
  private readonly input: MessageQueue<Uint8Array>;
  /** The request of an RPC that has one and one answer. */
  private readonly request: Uint8Array | undefined;
  private reason: ConnectError | undefined = undefined;
  /** Of an RPC whose handler asked for its signal. */
  private abort: AbortController | undefined = undefined;
  private readonly context: HandlerContext;
  private credit: number = limits.tunnelUnreadMessagesMax;
  private onCredit: (() => void) | undefined = undefined;

  constructor(port: MessagePort, request: OpenRequest, route: Route, window: AnswerWindow) {
    this.port = port;
    this.window = window;
    this.id = request.id;
    this.request = request.kind === "unary" ? request.bytes : undefined;
    this.route = route;
    this.input = new MessageQueue(() => post(port, { kind: "credit", id: this.id, count: 1 }));
    this.context = contextOf(request, route, () => this.signal());
    this.context.values
      .set(peerKey, request.peer)
      .set(callerKey, request.caller)
      .set(endRpcKey, (reason) => this.end(reason));
  }

  onRequest(request: RpcRequest): void {
    switch (request.kind) {
      case "message":
        this.input.push(request.bytes);
        return;
      case "credit":
        this.credit += request.count;
        this.onCredit?.();
        return;
      case "end":
        this.input.end();
        return;
      case "cancel":
        this.end(new ConnectError("the client cancelled", Code.Canceled));
        return;
      case "open":
      case "unary":
    }
  }

  private signal(): AbortSignal {
    this.abort ??= new AbortController();
    if (this.reason !== undefined) this.abort.abort(this.reason);
    return this.abort.signal;
  }

  private throwIfEnded(): void {
    if (this.reason !== undefined) throw this.reason;
  }

  private end(reason: ConnectError): void {
    this.reason ??= reason;
    this.abort?.abort(reason);
    this.input.fail(reason);
    this.onCredit?.();
  }

  /** Runs the method to its end; never rejects. */
  async run(): Promise<void> {
    try {
      if (this.request === undefined) await this.answer();
      else {
        const bytes = await this.answerOne(this.request);
        // A service that stops when its RPC was ended has not answered it.
        this.throwIfEnded();
        const answer = { kind: "answer", id: this.id, bytes, code: 0, message: "" } as const;
        this.post(answer, bytes);
        return;
      }
      this.throwIfEnded();
      this.post({ kind: "status", id: this.id, code: 0, message: "" });
    } catch (thrown) {
      const { code, rawMessage: message } = ConnectError.from(thrown, Code.Internal);
      const kind = this.request === undefined ? "status" : "answer";
      this.post({ kind, id: this.id, code, message });
    }
  }

  private async answerOne(request: Uint8Array): Promise<Uint8Array> {
    const { method, handler } = this.route;
    const input = decode(method.input, request);
    await this.window.turn();
    this.throwIfEnded();
    return this.encode(method.output, await handler(input as never, this.context));
  }

  private async answer(): Promise<void> {
    const { method, handler } = this.route;
    const { output } = method;
    const streamsIn =
      method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming";
    const input = streamsIn ? this.decoded() : await this.only();
    await this.window.turn();
    this.throwIfEnded();
    const answer = await handler(input as never, this.context);
    if (method.methodKind === "client_streaming") {
      await this.send(output, answer);
      return;
    }
    for await (const message of answer as AsyncIterable<unknown>) await this.send(output, message);
  }

  private async *decoded(): AsyncGenerator<Message> {
    for await (const bytes of this.input) yield decode(this.route.method.input, bytes);
  }

  /** The one message of an RPC that has exactly one. */
  private async only(): Promise<Message> {
    for await (const bytes of this.input) return decode(this.route.method.input, bytes);
    throw new ConnectError("the RPC has no message", Code.InvalidArgument);
  }

  private async send(desc: DescMessage, message: unknown): Promise<void> {
    while (this.credit <= 0) {
      this.throwIfEnded();
      await new Promise<void>((resolve) => {
        this.onCredit = resolve;
      });
      this.onCredit = undefined;
    }
    this.throwIfEnded();
    this.credit--;
    const bytes = this.encode(desc, message);
    this.post({ kind: "message", id: this.id, bytes }, bytes);
  }

  private encode(desc: DescMessage, message: unknown): Uint8Array {
    const bytes = toBinary(desc, create(desc, message as never));
    this.window.sent(bytes.length);
    // What it was made of: its fields, its texts encoded, its parts put together.
    noteGarbage(garbageShare * bytes.length);
    return bytes;
  }

  /** Moves `bytes`, and does not copy them, where their buffer is their own. */
  private post(response: TunnelResponse, bytes?: Uint8Array): void {
    const isOwn = bytes !== undefined && bytes.byteLength === bytes.buffer.byteLength;
    this.port.postMessage(response, isOwn ? [bytes.buffer as ArrayBuffer] : []);
  }
}

function decode(desc: DescMessage, bytes: Uint8Array): Message {
  try {
    return fromBinary(desc, bytes);
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new ConnectError(`${desc.typeName}: ${reason}`, Code.InvalidArgument);
  }
}

/**
 * What Connect's `createHandlerContext` gives, without the three abort controllers and four header
 * lists of each RPC: only a full collection frees them, and RPCs one after another took 400 MB.
 */
function contextOf(request: OpenRequest, route: Route, signal: () => AbortSignal): HandlerContext {
  return {
    service: route.service,
    method: route.method,
    protocolName: "grpc",
    requestMethod: "POST",
    url: `http://weir${request.path}`,
    get signal() {
      return signal();
    },
    timeoutMs: () => undefined,
    get requestHeader() {
      return headersOf(request.metadata);
    },
    // No service sends any.
    get responseHeader() {
      return new Headers();
    },
    get responseTrailer() {
      return new Headers();
    },
    values: createContextValues(),
  };
}

function headersOf(metadata: OpenRequest["metadata"]): Headers {
  const headers = new Headers();
  for (const [key, value] of metadata) {
    try {
      headers.append(key, value);
    } catch {
      // A value that is legal metadata but no legal header (binary, for example) is not for services.
    }
  }
  return headers;
}
