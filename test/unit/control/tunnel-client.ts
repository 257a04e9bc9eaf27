/** The shard's end of the tunnel in a test: opens calls, keeps account of credit and answers. */
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { limits } from "../../../src/config/limits.ts";
import { dispatch, type Routes } from "../../../src/control/dispatch.ts";
import { anyone, type Caller } from "../../../src/wire/caller.ts";
import type { TunnelRequest, TunnelResponse } from "../../../src/wire/tunnel.ts";

export interface OpenCall {
  readonly id: number;
  /** Messages of the service, in order. */
  readonly messages: Uint8Array[];
  /** Messages that the service may still be sent. */
  credit: number;
  status: { readonly code: number; readonly message: string } | undefined;
  /** Of an RPC of one request and one answer: it goes as one message, with its request. */
  readonly unary: Omit<Extract<TunnelRequest, { kind: "unary" }>, "bytes"> | undefined;
}

export class TunnelClient {
  readonly port: MessagePort;
  private readonly routes: Routes;
  private readonly calls = new Map<number, OpenCall>();
  private nextId = 1;

  constructor(routes: Routes) {
    this.routes = routes;
    const { port1, port2 } = new MessageChannel();
    dispatch(port1, routes);
    this.port = port2;
    port2.on("message", (response: TunnelResponse) => {
      const call = this.calls.get(response.id);
      if (call === undefined)
        throw new Error(`an answer to call ${response.id}, which is not open`);
      if (call.status !== undefined) throw new Error("an answer after the status");
      if ((response.kind === "answer") !== (call.unary !== undefined)) {
        throw new Error(
          `${response.kind} for ${call.unary === undefined ? "a stream" : "a unary"}`,
        );
      }
      if ("bytes" in response && response.bytes !== undefined) this.take(call, response.bytes);
      if (response.kind === "credit") call.credit += response.count;
      if ("code" in response) call.status = { code: response.code, message: response.message };
    });
  }

  open(path: string, peer = "10.0.0.1:5", caller: Caller = anyone): OpenCall {
    const id = this.nextId++;
    const credit: number = limits.tunnelUnreadMessagesMax;
    const metadata = [["user-agent", "test"]] as const;
    const opening = { id, path, peer, caller, metadata };
    const isUnary = this.routes.get(path)?.method.methodKind === "unary";
    const unary = isUnary ? ({ kind: "unary", ...opening } as const) : undefined;
    const call: OpenCall = { id, messages: [], credit, status: undefined, unary };
    this.calls.set(id, call);
    if (!isUnary) this.post({ kind: "open", ...opening });
    return call;
  }

  send(call: OpenCall, bytes: Uint8Array): void {
    if (call.credit <= 0) throw new Error("sent without credit");
    // A second message of a unary RPC does not reach control: the shard refuses it.
    const isSecond = call.unary !== undefined && call.credit < limits.tunnelUnreadMessagesMax;
    if (isSecond) return;
    call.credit--;
    if (call.unary !== undefined) this.post({ ...call.unary, bytes });
    else this.post({ kind: "message", id: call.id, bytes });
  }

  /** The end of a unary RPC's requests is in its one message. */
  post(request: TunnelRequest): void {
    if (request.kind === "end" && this.calls.get(request.id)?.unary !== undefined) return;
    this.port.postMessage(request);
  }

  private take(call: OpenCall, bytes: Uint8Array): void {
    call.messages.push(bytes);
    const { length } = bytes;
    if (length >= limits.answerCountedBytesMin) this.post({ kind: "taken", bytes: length });
  }
}
