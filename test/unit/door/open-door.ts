/** A door on a loopback port, over an ingest with a fake sink, and clients for it. */
import http2 from "node:http2";
import net from "node:net";
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { createFailureMemory, FailureTable } from "../../../src/access/failure-table.ts";
import { Gate } from "../../../src/access/gate.ts";
import { openBusyClock, systemClock } from "../../../src/base/clock.ts";
import { WeirError } from "../../../src/base/errors.ts";
import type { AccessRules } from "../../../src/config/access-config.ts";
import { limits } from "../../../src/config/limits.ts";
import type { ServerCredentials } from "../../../src/credentials/server-credentials.ts";
import { Door } from "../../../src/door/door.ts";
import { Fanout } from "../../../src/fanout/fanout.ts";
import { Ingest } from "../../../src/ingest/ingest.ts";
import { AddressCounts, createAddressMemory } from "../../../src/pipeline/address-counts.ts";
import { Board, boardWord, createBoardMemory } from "../../../src/pipeline/board.ts";
import type { Tell } from "../../../src/telemetry/events.ts";
import { noRules } from "../../support/access-rules.ts";
import { encodeBatch } from "../../support/encode-batch.ts";
import { streamPacketsPath } from "../../support/mock-hunter.ts";
import { PlainEncoder } from "../fanout/plain-encoder.ts";
import { FakeSink } from "../ingest/fake-sink.ts";
import { batchOf } from "../ingest/ingest-bench.ts";

export interface OpenDoor {
  readonly port: number;
  readonly address: string;
  readonly board: Board;
  readonly sink: FakeSink;
  readonly ingest: Ingest;
  readonly fanout: Fanout;
  readonly door: Door;
  readonly gate: Gate;
  /** Control's end of the tunnel. */
  readonly control: MessagePort;
  connections(): number;
  streams(): number;
  /** The sink is done with all that it took. */
  done(): void;
  /** Lets time pass, for the door. */
  skip(milliseconds: number): void;
  close(): Promise<void>;
}

/** A batch of packets with these texts as data, encoded. */
export const encoded = (sequence: number, ...texts: string[]): Uint8Array =>
  encodeBatch(batchOf(sequence, ...texts));

export async function openDoor(
  more: {
    messageBytesMax?: number;
    subscribersMax?: number;
    credentials?: ServerCredentials;
    note?: Tell;
    rules?: AccessRules;
  } = {},
): Promise<OpenDoor> {
  const board = new Board(createBoardMemory(1));
  const row = board.row(0);
  const sink = new FakeSink();
  const fanout = new Fanout({
    encoder: new PlainEncoder(),
    compile: compileNothing,
    batchesMax: 100,
    shard: 0,
    shards: 1,
    clock: systemClock,
    busyMs: openBusyClock(),
  });
  const observe = fanout.offer.bind(fanout);
  const ingest = new Ingest({ board, row, sink, capacityBytes: 1e9, observe });
  const channel = new MessageChannel();
  let skipped = 0;
  const gate = new Gate({
    rules: more.rules ?? noRules,
    failures: new FailureTable(createFailureMemory()),
    note: () => {},
  });
  const port = await freePort();
  const door = new Door({
    host: "127.0.0.1",
    port,
    credentials: more.credentials,
    messageBytesMax: more.messageBytesMax ?? 1024 * 1024,
    gate,
    ingest,
    fanout,
    connectionsMax: limits.connectionsMax,
    subscribersMax: more.subscribersMax ?? 8,
    board,
    row,
    addresses: new AddressCounts(createAddressMemory(1, Math.random), 0),
    control: channel.port2,
    now: () => performance.now() + skipped,
    ...(more.note === undefined ? {} : { note: more.note }),
  });
  door.listen();
  return {
    port,
    address: `127.0.0.1:${port}`,
    board,
    sink,
    ingest,
    fanout,
    door,
    gate,
    control: channel.port1,
    connections: () => Atomics.load(board.words, boardWord.connections),
    streams: () => Atomics.load(board.words, boardWord.streams),
    done() {
      sink.finish();
      ingest.settle();
    },
    skip: (milliseconds) => {
      skipped += milliseconds;
    },
    async close() {
      fanout.endAll({ code: 14, message: "the node stops" });
      await door.close(200);
      channel.port1.close();
    },
  };
}

function compileNothing(expression: string): never {
  throw new WeirError("expression", `${expression} is no expression`);
}

export async function freePort(): Promise<number> {
  const server = net.createServer();
  return await new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

/** One call of StreamPackets over node:http2, for what grpc-js would not do. */
export class RawCall {
  readonly session: http2.ClientHttp2Session;
  readonly stream: http2.ClientHttp2Stream;
  headers: Record<string, unknown> = {};
  trailers: Record<string, unknown> = {};
  received: Buffer = Buffer.alloc(0);
  closed = false;

  constructor(
    address: string,
    session = http2.connect(`http://${address}`),
    path: string = streamPacketsPath,
  ) {
    this.session = session;
    session.setMaxListeners(0);
    session.on("error", () => {});
    this.stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
    });
    this.stream.on("response", (headers) => {
      this.headers = headers as Record<string, unknown>;
    });
    this.stream.on("trailers", (trailers) => {
      this.trailers = trailers as Record<string, unknown>;
    });
    this.stream.on("data", (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk]);
    });
    this.stream.on("error", () => {});
    this.stream.on("close", () => {
      this.closed = true;
    });
  }

  write(...parts: Uint8Array[]): void {
    this.stream.write(Buffer.concat(parts));
  }

  close(): void {
    this.session.destroy();
  }
}

/** A length-prefixed gRPC message. */
export function frame(message: Uint8Array, compressed = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = compressed;
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}
