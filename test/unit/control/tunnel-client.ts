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
}

export class TunnelClient {
  readonly port: MessagePort;
  private readonly calls = new Map<number, OpenCall>();
  private nextId = 1;

  constructor(routes: Routes) {
    const { port1, port2 } = new MessageChannel();
    dispatch(port1, routes);
    this.port = port2;
    port2.on("message", (response: TunnelResponse) => {
      const call = this.calls.get(response.id);
      if (call === undefined)
        throw new Error(`an answer to call ${response.id}, which is not open`);
      if (call.status !== undefined) throw new Error("an answer after the status");
      if (response.kind === "message") {
        call.messages.push(response.bytes);
        const { length } = response.bytes;
        if (length >= limits.answerCountedBytesMin) this.post({ kind: "taken", bytes: length });
      } else if (response.kind === "credit") call.credit += response.count;
      else call.status = { code: response.code, message: response.message };
    });
  }

  open(path: string, peer = "10.0.0.1:5", caller: Caller = anyone): OpenCall {
    const id = this.nextId++;
    const credit: number = limits.tunnelUnreadMessagesMax;
    const call: OpenCall = { id, messages: [], credit, status: undefined };
    this.calls.set(id, call);
    this.post({ kind: "open", id, path, peer, caller, metadata: [["user-agent", "test"]] });
    return call;
  }

  send(call: OpenCall, bytes: Uint8Array): void {
    if (call.credit <= 0) throw new Error("sent without credit");
    call.credit--;
    this.post({ kind: "message", id: call.id, bytes });
  }

  post(request: TunnelRequest): void {
    this.port.postMessage(request);
  }
}
