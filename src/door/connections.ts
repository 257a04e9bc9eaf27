/**
 * The connections of a shard, from accept to close. A connection is a newcomer until its first RPC
 * has begun; newcomers have deadlines. One that has had an RPC is kept for as long as it answers pings,
 * since hunters and clients are idle at times. Newcomers make place for others when the node is full
 * of connections, and before them guests: a guest has made no RPC but those that anybody may make.
 */
import type { Socket } from "bun";
import { peerText } from "../base/peer-text.ts";
import { limits } from "../config/limits.ts";
import type { RequestHead } from "../http2/header-list.ts";
import type { Http2Stream } from "../http2/http2-stream.ts";
import { errorCode, type Http2Fault } from "../http2/protocol.ts";
import { WindowGrowth } from "../http2/receive-window.ts";
import type { AddressCounts } from "../pipeline/address-counts.ts";
import type { Board, BoardRow } from "../pipeline/board.ts";
import { noteGarbage } from "../pipeline/collect.ts";
import { Connection } from "./connection.ts";

export interface ConnectionsOptions {
  readonly board: Board;
  readonly row: BoardRow;
  readonly addresses: AddressCounts;
  /** Over all shards. */
  readonly connectionsMax: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** A connection that was not accepted, or not kept. */
  readonly closed: (reason: string, peer: string) => void;
  /** What came on a connection, behind its handshake, is not HTTP/2. */
  readonly foreign: (peer: string) => void;
  /** A handshake that did not come to its end. */
  readonly handshakeLate: (connection: Connection) => void;
  /** An RPC has come, and does not flow yet. */
  readonly onStream: (connection: Connection, stream: Http2Stream, head: RequestHead) => void;
}

export class Connections {
  private readonly options: ConnectionsOptions;
  private readonly open = new Set<Connection>();
  /** The longest open one first. */
  private readonly newcomers = new Set<Connection>();
  private readonly guests = new Set<Connection>();
  private readonly growth = new WindowGrowth(limits.windowGrowthBytesMax);

  constructor(options: ConnectionsOptions) {
    this.options = options;
  }

  get size(): number {
    return this.open.size;
  }

  /** Takes a connection that has just come, or destroys it and answers undefined. */
  accept(socket: Socket<unknown>): Connection | undefined {
    const { board, row, addresses, connectionsMax, now, onStream } = this.options;
    const slot = addresses.slotOf(socket.remoteAddress);
    const enter = () => board.enter(row, "connections", connectionsMax);
    if (!addresses.enter(slot, "connections")) {
      return this.turnAway(socket, `more than ${limits.connectionsPerAddressMax} of its address`);
    }
    if (!addresses.enter(slot, "newcomers")) {
      addresses.leave(slot, "connections");
      const text = `more than ${limits.newcomersPerAddressMax} of its address without an RPC`;
      return this.turnAway(socket, text);
    }
    if (!enter() && !(this.dropOldest() && enter())) {
      addresses.leave(slot, "newcomers");
      addresses.leave(slot, "connections");
      return this.turnAway(socket, `more than ${connectionsMax} connections`);
    }
    const { growth } = this;
    const onFault = (connection: Connection, fault: Http2Fault) => this.onFault(connection, fault);
    const connection = new Connection({ socket, slot, now, growth, onStream, onFault });
    this.open.add(connection);
    this.newcomers.add(connection);
    return connection;
  }

  /** An RPC has begun on it, and its client may make it; a guest as anybody may. */
  called(connection: Connection, isGuest: boolean): void {
    const isNew = this.newcomers.has(connection);
    this.settle(connection);
    if (!isGuest) this.guests.delete(connection);
    else if (isNew) this.guests.add(connection);
  }

  /** Closes the newcomers whose time is over, and the connections of dead peers; called every second. */
  sweep(): void {
    const now = this.options.now();
    for (const connection of this.open) {
      if (!connection.keepsAlive(now)) this.end(connection, "its client does not answer pings");
    }
    for (const connection of this.newcomers) {
      const age = now - connection.sinceMs;
      // All behind it are younger.
      if (age < limits.tlsHandshakeMsMax) return;
      if (!connection.isReady) this.options.handshakeLate(connection);
      else if (age < limits.greetingMsMax) continue;
      else if (!connection.greeted) this.end(connection, "no HTTP/2 preface came");
      else if (age >= limits.firstRpcMsMax) this.drop(connection, "no RPC came");
    }
  }

  /** Says on every connection that no more RPCs are taken. */
  leave(): void {
    for (const connection of this.open) connection.leave();
  }

  /** Closes the connections on which no RPC is open. */
  closeIdle(): void {
    for (const connection of this.open) {
      if (connection.streams === 0) connection.close(errorCode.noError, "");
    }
  }

  destroyAll(): void {
    for (const connection of this.open) connection.destroy();
  }

  /** Closes a connection at once. */
  end(connection: Connection, reason: string): void {
    this.options.closed(reason, connection.peer);
    connection.destroy();
  }

  /** Its socket is closed. */
  forget(connection: Connection): void {
    noteGarbage(limits.connectionGarbageBytes);
    this.settle(connection);
    this.guests.delete(connection);
    this.leaveCounts(connection);
    this.open.delete(connection);
  }

  private onFault(connection: Connection, { code, reason }: Http2Fault): void {
    if (code === errorCode.noError) return;
    if (connection.greeted || connection.streams > 0) this.options.closed(reason, connection.peer);
    else this.options.foreign(connection.peer);
  }

  /** With GOAWAY, so that a client that is about to make an RPC makes a new connection for it. */
  private drop(connection: Connection, reason: string): void {
    this.settle(connection);
    this.options.closed(reason, connection.peer);
    connection.close(errorCode.noError, reason);
  }

  private dropOldest(): boolean {
    const [guest] = this.guests;
    const [newcomer] = this.newcomers;
    const connection = guest ?? newcomer;
    if (connection === undefined) return false;
    this.guests.delete(connection);
    this.settle(connection);
    const lack = guest === undefined ? "no RPC came" : "nobody knows whose it is";
    this.end(connection, `${lack}, and others want its place`);
    // Its close would come too late for who needs the place.
    this.leaveCounts(connection);
    return true;
  }

  private turnAway(socket: Socket<unknown>, reason: string): undefined {
    this.options.closed(reason, peerText(socket.remoteAddress, socket.remotePort));
    // Not a reset: that would look to its client as if nobody listened here.
    socket.end();
  }

  /** It is no newcomer any more. */
  private settle(connection: Connection): void {
    if (!this.newcomers.delete(connection)) return;
    this.options.addresses.leave(connection.slot, "newcomers");
  }

  private leaveCounts(connection: Connection): void {
    if (!connection.counted) return;
    connection.counted = false;
    const { board, row, addresses } = this.options;
    addresses.leave(connection.slot, "connections");
    board.leave(row, "connections");
  }
}
