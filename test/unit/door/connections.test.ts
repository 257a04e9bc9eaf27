import { afterEach, describe, expect, test } from "bun:test";
import { EventEmitter } from "node:events";
import type { ServerHttp2Session } from "node:http2";
import type net from "node:net";
import { limits } from "../../../src/config/limits.ts";
import { Connections } from "../../../src/door/connections.ts";
import { AddressCounts, createAddressMemory } from "../../../src/pipeline/address-counts.ts";
import { Board, boardWord, createBoardMemory } from "../../../src/pipeline/board.ts";

/** Of the whole node, which has more than one address may have. */
const connectionsMax = limits.connectionsPerAddressMax + 100;

class FakeSocket extends EventEmitter {
  destroyed = false;
  readonly remoteAddress: string;
  readonly remotePort: number;

  constructor(remoteAddress: string, remotePort: number) {
    super();
    this.remoteAddress = remoteAddress;
    this.remotePort = remotePort;
  }

  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.emit("close");
  }
}

class FakeSession extends EventEmitter {
  closed = false;
  readonly socket: FakeSocket;

  constructor(socket: FakeSocket) {
    super();
    this.socket = socket;
  }

  close(): void {
    this.closed = true;
  }
}

/** The connections of one shard, by a clock that the test moves. */
class Bench {
  nowMs = 1000;
  port = 1;
  readonly closed: string[] = [];
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
    foreign: () => {},
  });

  connect(address = "192.0.2.1"): FakeSocket {
    const socket = new FakeSocket(address, this.port++);
    this.connections.accept(socket as unknown as net.Socket);
    return socket;
  }

  greet(socket: FakeSocket): FakeSession {
    const session = new FakeSession(socket);
    this.connections.begin(session as unknown as ServerHttp2Session);
    session.emit("remoteSettings");
    return session;
  }

  call(session: FakeSession, isGuest = false): void {
    this.connections.called(session as unknown as ServerHttp2Session, isGuest);
  }

  /** A connection as hunters have them. */
  used(address?: string): FakeSocket {
    const socket = this.connect(address);
    this.call(this.greet(socket));
    return socket;
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

  test("without a call is asked to go at the second", () => {
    const session = bench.greet(bench.connect());
    bench.after(limits.firstRpcMsMax - 1);
    expect(session.closed).toBe(false);
    bench.after(1);
    expect(session.closed).toBe(true);
    bench.after(limits.firstRpcMsMax);
    expect(bench.closed).toEqual(["no call came"]);
  });

  test("that has had a call may be idle for as long as it likes", () => {
    const socket = bench.used();
    bench.after(24 * 3600 * 1000);
    expect(socket.destroyed).toBe(false);
    expect(bench.closed).toEqual([]);
  });
});

describe("many connections of one address", () => {
  test("without a call: some wait for theirs, further ones are refused", () => {
    const sockets = Array.from({ length: limits.newcomersPerAddressMax }, () => bench.connect());
    expect(bench.connect().destroyed).toBe(true);
    expect(bench.closed).toEqual([
      `more than ${limits.newcomersPerAddressMax} of its address without a call`,
    ]);
    expect(bench.connect("192.0.2.2").destroyed).toBe(false);
    bench.call(bench.greet(sockets[0]!));
    expect(bench.connect().destroyed).toBe(false);
    expect(bench.connect().destroyed).toBe(true);
    sockets[1]!.destroy();
    expect(bench.connect().destroyed).toBe(false);
  });

  test("with calls: up to a limit", () => {
    const sockets = Array.from({ length: limits.connectionsPerAddressMax }, () => bench.used());
    expect(bench.connect().destroyed).toBe(true);
    expect(bench.closed).toEqual([`more than ${limits.connectionsPerAddressMax} of its address`]);
    sockets[0]!.destroy();
    expect(bench.connect().destroyed).toBe(false);
  });
});

describe("a node full of connections", () => {
  const addressOf = (at: number) => `10.0.${at >> 8}.${at & 255}`;

  test("closes the oldest one without a call for a new one", () => {
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

  test("closes before it the oldest one whose calls anybody may make", () => {
    const guests = Array.from({ length: 3 }, () => bench.connect());
    const sessions = guests.map((socket) => bench.greet(socket));
    for (const session of sessions) bench.call(session, true);
    // Who is known stays known.
    bench.call(sessions[1]!);
    bench.call(sessions[1]!, true);
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

  test("refuses new ones when all have calls", () => {
    const all = Array.from({ length: connectionsMax }, (_, at) => bench.used(addressOf(at)));
    expect(bench.connect().destroyed).toBe(true);
    expect(bench.closed).toEqual([`more than ${connectionsMax} connections`]);
    expect(all.every(({ destroyed }) => !destroyed)).toBe(true);
  });
});
