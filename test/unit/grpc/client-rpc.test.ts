/** RPCs of our client, against frames that a server might send. */
import { describe, expect, test } from "bun:test";
import { ClientRpc } from "../../../src/grpc/client-rpc.ts";
import type { GrpcStatus } from "../../../src/grpc/grpc-status.ts";
import { frame, headers, reset, settings } from "../../support/http2-frames.ts";
import { Http2Peer } from "../../support/http2-peer.ts";

const head = [
  [":status", "200"],
  ["content-type", "application/grpc"],
] as const;

class Client {
  readonly peer = new Http2Peer({ role: "client" });
  /** Each status, and whether the server gave it. */
  readonly ends: [GrpcStatus, boolean][] = [];

  constructor() {
    this.peer.connection.receive(settings());
    this.peer.bytes();
  }

  call(): ClientRpc {
    return new ClientRpc({
      connection: this.peer.connection,
      path: "/a.B/C",
      authority: "x",
      scheme: "http",
      metadata: [],
      messageBytesMax: 1000,
      onMessage: () => {},
      onStatus: (status, isAnswer) => this.ends.push([status, isAnswer]),
    });
  }

  /** Types and streams of the frames that were written since the last call. */
  sent(): string[] {
    return this.peer.take().map(({ type, streamId }) => `${type} ${streamId}`);
  }

  receive(...frames: Buffer[]): void {
    this.peer.connection.receive(Buffer.concat(frames));
  }
}

const goaway = (last: number, code: number): Buffer => {
  const payload = Buffer.alloc(8);
  payload.writeUInt32BE(last, 0);
  payload.writeUInt32BE(code, 4);
  return frame(7, 0, 0, payload);
};
const trailers = (code: number) => headers(1, [["grpc-status", String(code)]], true);

describe("an RPC that its server ends", () => {
  test("when it was half-closed is closed, and nothing is sent on it", () => {
    const client = new Client();
    client.call().halfClose();
    client.receive(headers(1, head));
    expect(client.sent()).toEqual(["1 1", "0 1"]);
    client.receive(trailers(0));
    expect(client.ends).toEqual([[{ code: 0, message: "" }, true]]);
    expect(client.sent()).toEqual([]);
    expect(client.peer.connection.streams.size).toBe(0);
  });

  test("before that is reset", () => {
    const client = new Client();
    client.call();
    client.receive(headers(1, head), trailers(5));
    expect(client.ends).toEqual([[{ code: 5, message: "" }, true]]);
    expect(client.sent()).toEqual(["1 1", "3 1"]);
  });

  test("by a reset has a status that is not the server's", () => {
    const client = new Client();
    client.call();
    client.receive(headers(1, head), reset(1, 7));
    expect(client.ends.map(([{ code }, isAnswer]) => [code, isAnswer])).toEqual([[14, false]]);
  });
});

describe("a server that leaves", () => {
  test("gets no further RPC, and ends those that it has taken", async () => {
    const client = new Client();
    client.call();
    client.receive(goaway(0x7fff_ffff, 0));
    client.sent();
    client.call();
    await Promise.resolve();
    expect(client.sent()).toEqual([]);
    expect(client.ends.map(([{ code }, isAnswer]) => [code, isAnswer])).toEqual([[14, false]]);
    client.receive(headers(1, head), trailers(3));
    expect(client.ends[1]).toEqual([{ code: 3, message: "" }, true]);
  });

  test("refuses those above the last stream that it names", () => {
    const client = new Client();
    client.call();
    client.call();
    client.receive(goaway(1, 0));
    expect(client.ends.map(([{ code }, isAnswer]) => [code, isAnswer])).toEqual([[14, false]]);
    expect(client.peer.connection.streams.size).toBe(1);
  });
});
