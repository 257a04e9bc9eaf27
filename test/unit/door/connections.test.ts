import { afterEach, describe, expect, test } from "bun:test";
import type { Socket } from "bun";
import { limits } from "../../../src/config/limits.ts";
import type { Connection } from "../../../src/door/connection.ts";
import { Connections } from "../../../src/door/connections.ts";
import { AddressCounts, createAddressMemory } from "../../../src/pipeline/address-counts.ts";
import { Board, boardWord, createBoardMemory } from "../../../src/pipeline/board.ts";
import {
  clientPreface,
  type Frame,
  frame,
  framesOf,
  settings,
} from "../../support/http2-frames.ts";

/** Of the whole node, which has more than one address may have. */
const connectionsMax = limits.connectionsPerAddressMax + 100;
const [pingType, goawayType] = [6, 7];

/** A client's end of a connection, and the socket that the node has of it. */
class FakeClient {
  readonly remoteAddress: string;
  readonly remotePort: number;
  destroyed = false;
  /** The node has said that it closes. */
  ended = false;
  readonly frames: Frame[] = [];
  connection: Connection | undefined = undefined;
  private readonly onClose: (client: FakeClient) => void;

  constructor(address: string, port: number, onClose: (client: FakeClient) => void) {
    this.remoteAddress = address;
    this.remotePort = port;
    this.onClose = onClose;
  }

  get socket(): Socket<unknown> {
    return this as unknown as Socket<unknown>;
  }

  /** Codes of the GOAWAYs that it got. */
  get goaways(): number[] {
    return this.frames
      .filter(({ type }) => type === goawayType)
      .map(({ payload }) => payload.readUInt32BE(4));
  }

  get pings(): Frame[] {
    return this.frames.filter(({ type, flags }) => type === pingType && flags === 0);
  }

  greet(): void {
    this.send(Buffer.from(clientPreface), settings());
  }

  answerPing(): void {
    this.send(frame(pingType, 1, 0, this.pings.at(-1)?.payload ?? Buffer.alloc(8)));
  }

  send(...parts: Buffer[]): void {
    this.connection?.data(Buffer.concat(parts));
  }

  // What the node does with its socket.

  write(bytes: Uint8Array, start: number, length: number): number {
    this.frames.push(...framesOf(Buffer.from(bytes.slice(start, start + length))).frames);
    return length;
  }

  shutdown(): void {
    this.ended = true;
  }

  end(): void {
    this.terminate();
  }

  terminate(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.onClose(this);
  }
}

/** The connections of one shard, by a clock that the test moves. */
class Bench {
  nowMs = 1000;
  port = 1;
  readonly closed: string[] = [];
  readonly foreign: string[] = [];
  readonly late: Connection[] = [];
  readonly board = new Board(createBoardMemory(1));
  readonly connections = new Connections({
    board: this.board,
    row: this.board.row(0),
    connectionsMax,
    addresses: new AddressCounts(
      createAddressMemory(1, () => 0.3),
      0,
    ),
    now: () => this.nowMs,
    closed: (reason) => this.closed.push(reason),
    foreign: (peer) => this.foreign.push(peer),
    handshakeLate: (connection) => {
      connection.destroy();
      this.late.push(connection);
    },
    onStream: () => {},
  });

  /** A connection that has come, and is ready for HTTP/2 unless it has a handshake. */
  connect(address = "192.0.2.1", isReady = true): FakeClient {
    const client = new FakeClient(address, this.port++, ({ connection }) => {
      if (connection === undefined) return;
      connection.closed();
      this.connections.forget(connection);
    });
    client.connection = this.connections.accept(client.socket);
    if (isReady) client.connection?.begin(undefined);
    return client;
  }

  greeted(address?: string): FakeClient {
    const client = this.connect(address);
    client.greet();
    return client;
  }

  call({ connection }: FakeClient, isGuest = false): void {
    if (connection !== undefined) this.connections.called(connection, isGuest);
  }

  /** A connection as hunters have them. */
  used(address?: string): FakeClient {
    const client = this.greeted(address);
    this.call(client);
    return client;
  }

  after(milliseconds: number): void {
    this.nowMs += milliseconds;
    this.connections.sweep();
  }

  open(): number {
    return Atomics.load(this.board.words, boardWord.connections);
  }
}

let bench = new Bench();
afterEach(() => {
  // Whatever was refused or closed is counted out.
  bench.connections.destroyAll();
  expect(bench.connections.size).toBe(0);
  expect(bench.open()).toBe(0);
  bench = new Bench();
});

describe("a connection", () => {
  test("without preface and settings is closed at the first deadline", () => {
    const socket = bench.connect();
    bench.after(limits.greetingMsMax - 1);
    expect(socket.destroyed).toBe(false);
    bench.after(1);
    expect(socket.destroyed).toBe(true);
    expect(bench.closed).toEqual(["no HTTP/2 preface came"]);
    expect(bench.open()).toBe(0);
  });

  test("without an RPC is asked to go at the second", () => {
    const client = bench.greeted();
    bench.after(limits.firstRpcMsMax - 1);
    expect([client.goaways, client.ended]).toEqual([[], false]);
    bench.after(1);
    expect([client.goaways, client.ended]).toEqual([[0], true]);
    bench.after(limits.firstRpcMsMax);
    expect(bench.closed).toEqual(["no RPC came"]);
  });

  test("whose handshake takes too long is told by itself", () => {
    const client = bench.connect(undefined, false);
    bench.after(limits.tlsHandshakeMsMax - 1);
    expect(bench.late).toEqual([]);
    bench.after(1);
    expect([bench.late.length, client.destroyed]).toEqual([1, true]);
    expect(bench.closed).toEqual([]);
  });

  test("that has had an RPC may be idle for as long as it answers pings", async () => {
    const client = bench.used();
    for (let pings = 1; pings <= 1000; pings++) {
      bench.after(limits.keepaliveIntervalMs);
      await Promise.resolve();
      expect(client.pings.length).toBe(pings);
      bench.after(limits.keepaliveTimeoutMs - 1);
      client.answerPing();
    }
    expect([client.destroyed, bench.closed]).toEqual([false, []]);
    bench.after(limits.keepaliveIntervalMs);
    bench.after(limits.keepaliveTimeoutMs - 1);
    expect(client.destroyed).toBe(false);
    bench.after(1);
    expect([client.destroyed, bench.closed]).toEqual([true, ["its client does not answer pings"]]);
    expect(bench.open()).toBe(0);
  });

  test("of which something comes is not asked whether it is there", () => {
    const client = bench.used();
    for (let round = 0; round < 10; round++) {
      bench.after(limits.keepaliveIntervalMs - 1);
      client.send(settings());
    }
    expect(client.pings).toEqual([]);
  });

  test("on which comes what is not HTTP/2 is told as foreign before its greeting, closed after it", () => {
    const foreign = bench.connect();
    foreign.send(Buffer.from("GET / HTTP/1.1\r\n\r\n"));
    expect([foreign.ended, foreign.goaways, bench.closed]).toEqual([true, [1], []]);
    expect(bench.foreign).toEqual([`192.0.2.1:${foreign.remotePort}`]);
    const client = bench.used();
    client.send(frame(pingType, 0, 0, Buffer.alloc(7)));
    expect([client.ended, client.goaways]).toEqual([true, [6]]);
    expect(bench.closed).toEqual(["PING of another size than 8"]);
  });
});

describe("a shard that stops", () => {
  test("says on each connection that it takes no more RPCs, and closes those without any", async () => {
    const clients = [bench.used(), bench.greeted()];
    bench.connections.leave();
    bench.connections.leave();
    // It goes behind what is going on now.
    await Promise.resolve();
    expect(clients.map(({ goaways, ended }) => [goaways, ended])).toEqual([
      [[0], false],
      [[0], false],
    ]);
    bench.connections.closeIdle();
    expect(clients.map(({ ended }) => ended)).toEqual([true, true]);
    expect(clients.map(({ goaways }) => goaways)).toEqual([
      [0, 0],
      [0, 0],
    ]);
    expect(bench.closed).toEqual([]);
  });
});

describe("a shard that stops in the middle of a handshake", () => {
  test("says the same behind it", async () => {
    const client = bench.connect("192.0.2.1", false);
    bench.connections.leave();
    client.connection?.begin(undefined);
    client.greet();
    await Promise.resolve();
    expect([client.goaways, client.ended]).toEqual([[0], false]);
  });
});

describe("many connections of one address", () => {
  test("without an RPC: some wait for theirs, further ones are refused", () => {
    const sockets = Array.from({ length: limits.newcomersPerAddressMax }, () => bench.connect());
    expect(bench.connect().destroyed).toBe(true);
    expect(bench.closed).toEqual([
      `more than ${limits.newcomersPerAddressMax} of its address without an RPC`,
    ]);
    expect(bench.connect("192.0.2.2").destroyed).toBe(false);
    sockets[0]!.greet();
    bench.call(sockets[0]!);
    expect(bench.connect().destroyed).toBe(false);
    expect(bench.connect().destroyed).toBe(true);
    sockets[1]!.terminate();
    expect(bench.connect().destroyed).toBe(false);
  });

  test("with RPCs: up to a limit", () => {
    const sockets = Array.from({ length: limits.connectionsPerAddressMax }, () => bench.used());
    expect(bench.connect().destroyed).toBe(true);
    expect(bench.closed).toEqual([`more than ${limits.connectionsPerAddressMax} of its address`]);
    sockets[0]!.terminate();
    expect(bench.connect().destroyed).toBe(false);
  });
});

describe("a node full of connections", () => {
  const addressOf = (at: number) => `10.0.${at >> 8}.${at & 255}`;

  test("closes the oldest one without an RPC for a new one", () => {
    const used = bench.used();
    const sockets = Array.from({ length: connectionsMax - 1 }, (_, at) =>
      bench.connect(addressOf(at)),
    );
    const next = bench.connect();
    expect(next.destroyed).toBe(false);
    expect(used.destroyed).toBe(false);
    expect(sockets.filter(({ destroyed }) => destroyed)).toEqual([sockets[0]!]);
    expect(bench.open()).toBe(connectionsMax);
  });

  test("closes before it the oldest one whose RPCs anybody may make", () => {
    const guests = Array.from({ length: 3 }, () => bench.greeted());
    for (const guest of guests) bench.call(guest, true);
    // Who is known stays known.
    bench.call(guests[1]!);
    bench.call(guests[1]!, true);
    bench.after(24 * 3600 * 1000);
    const all = [...guests, bench.connect()];
    const isGone = () => all.map(({ destroyed }) => destroyed);
    for (let at = 0; bench.open() < connectionsMax; at++) bench.used(addressOf(at));
    expect(isGone()).toEqual([false, false, false, false]);
    bench.used();
    expect(isGone()).toEqual([true, false, false, false]);
    bench.used();
    expect(isGone()).toEqual([true, false, true, false]);
    bench.used();
    expect(isGone()).toEqual([true, false, true, true]);
    expect(bench.connect().destroyed).toBe(true);
  });

  test("refuses new ones when all have RPCs", () => {
    const all = Array.from({ length: connectionsMax }, (_, at) => bench.used(addressOf(at)));
    expect(bench.connect().destroyed).toBe(true);
    expect(bench.closed).toEqual([`more than ${connectionsMax} connections`]);
    expect(all.every(({ destroyed }) => !destroyed)).toBe(true);
  });
});
