/**
 * The connections of a shard, from accept to close. A connection is a newcomer until its first RPC
 * has begun; newcomers have deadlines. One that has had an RPC is kept for as long as it answers pings,
 * since hunters and clients are idle at times. Newcomers make place for others when the node is full
 * of connections, and before them guests: who has made no RPC but those that anybody may make.
 */

import type { ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type net from "node:net";
import { errorText } from "../base/errors.ts";
import { peerText } from "../base/peer-text.ts";
import { limits } from "../config/limits.ts";
import type { AddressCounts } from "../pipeline/address-counts.ts";
import type { Board, BoardRow } from "../pipeline/board.ts";
import { noteGarbage } from "../pipeline/collect.ts";
import { FrameMeter } from "./frame-meter.ts";
import { receivedBytes } from "./received-bytes.ts";

export interface ConnectionsOptions {
  readonly board: Board;
  readonly row: BoardRow;
  readonly addresses: AddressCounts;
  /** Over all shards. */
  readonly connectionsMax: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** A connection was closed: not accepted, or not kept. */
  readonly closed: (reason: string, peer: string) => void;
  /** A connection whose bytes are not HTTP/2. */
  readonly foreign: (peer: string) => void;
}

interface Connection {
  readonly socket: net.Socket;
  readonly peer: string;
  readonly slot: number;
  readonly since: number;
  readonly meter: FrameMeter;
  session: ServerHttp2Session | undefined;
  /** The client has sent its HTTP/2 preface and settings, behind the TLS handshake if there is one. */
  greeted: boolean;
  /** It is among those that the limits count. */
  counted: boolean;
}

/** After its session a socket gets this long to close by itself. */
const socketGraceMs = 1000;

export class Connections {
  private readonly options: ConnectionsOptions;
  /** By `address:port` of the client: HTTP/2 hides the socket of a session. */
  private readonly open = new Map<string, Connection>();
  /** The longest open one first. */
  private readonly newcomers = new Set<Connection>();
  private readonly guests = new Set<Connection>();

  constructor(options: ConnectionsOptions) {
    this.options = options;
  }

  get size(): number {
    return this.open.size;
  }

  /** Takes a connection that has just come, or destroys it and answers false. */
  accept(socket: net.Socket): boolean {
    const { board, row, addresses, connectionsMax, now } = this.options;
    const peer = peerOf(socket);
    const slot = addresses.slotOf(socket.remoteAddress ?? "");
    const enter = () => board.enter(row, "connections", connectionsMax);
    if (!addresses.enter(slot, "connections")) {
      return this.turnAway(socket, `more than ${limits.connectionsPerAddressMax} of its address`);
    }
    if (!addresses.enter(slot, "newcomers")) {
      addresses.leave(slot, "connections");
      const text = `more than ${limits.newcomersPerAddressMax} of its address without a call`;
      return this.turnAway(socket, text);
    }
    if (!enter() && !(this.dropOldest() && enter())) {
      addresses.leave(slot, "newcomers");
      addresses.leave(slot, "connections");
      return this.turnAway(socket, `more than ${connectionsMax} connections`);
    }
    const connection: Connection = {
      socket,
      peer,
      slot,
      since: now(),
      meter: new FrameMeter({ received: () => receivedBytes(socket), nowMs: now() }),
      session: undefined,
      greeted: false,
      counted: true,
    };
    this.open.set(peer, connection);
    this.newcomers.add(connection);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => this.forget(connection));
    return true;
  }

  /** An HTTP/2 session begins on an accepted connection. */
  begin(session: ServerHttp2Session): void {
    const peer = peerOf(session.socket);
    const connection = this.open.get(peer);
    session.on("error", (error) => {
      // Bun's words for bytes that are not the preface of HTTP/2 (RFC 9113 section 3.4).
      if (errorText(error).includes("client magic")) this.options.foreign(peer);
      session.destroy();
    });
    if (connection === undefined) return;
    connection.session = session;
    session.once("remoteSettings", () => {
      connection.greeted = true;
    });
    // The session of a dead peer ends by keepalive, but Bun leaves its socket open.
    session.once("close", () => closeSoon(connection.socket));
  }

  /** An RPC has begun on this session, and its client may make it; a guest as anybody may. */
  called(session: ServerHttp2Session, isGuest: boolean): void {
    const connection = this.open.get(peerOf(session.socket));
    if (connection === undefined) return;
    const isNew = this.newcomers.has(connection);
    this.settle(connection);
    if (!isGuest) this.guests.delete(connection);
    else if (isNew) this.guests.add(connection);
  }

  /** An RPC of this session is there, and does not flow yet. */
  count(session: ServerHttp2Session, stream: ServerHttp2Stream): void {
    this.open.get(peerOf(session.socket))?.meter.add(stream);
  }

  /** Closes the connection of a session at once. */
  end(session: ServerHttp2Session, reason: string): void {
    const connection = this.open.get(peerOf(session.socket));
    if (connection !== undefined) this.cut(connection, reason);
  }

  /** Closes the newcomers whose time is over, and who floods; called every second. */
  sweep(): void {
    const now = this.options.now();
    for (const connection of this.open.values()) {
      if (connection.meter.isFlooded(now)) this.cut(connection, "a flood of frames without data");
    }
    for (const connection of this.newcomers) {
      const age = now - connection.since;
      // All behind it are younger.
      if (age < limits.greetingMsMax) return;
      if (!connection.greeted) this.drop(connection, "no HTTP/2 preface came");
      else if (age >= limits.firstRpcMsMax) this.drop(connection, "no call came");
    }
  }

  destroyAll(): void {
    for (const { socket } of this.open.values()) socket.destroy();
  }

  private drop(connection: Connection, reason: string): void {
    const { session, socket, peer } = connection;
    this.settle(connection);
    this.options.closed(reason, peer);
    // With GOAWAY, so that a client that is about to call makes a new connection for it.
    if (connection.greeted) session?.close();
    else socket.destroy();
    closeSoon(socket);
  }

  private cut({ peer, socket }: Connection, reason: string): void {
    this.options.closed(reason, peer);
    socket.destroy();
  }

  private dropOldest(): boolean {
    const [guest] = this.guests;
    const [newcomer] = this.newcomers;
    const connection = guest ?? newcomer;
    if (connection === undefined) return false;
    this.guests.delete(connection);
    this.settle(connection);
    const lack = guest === undefined ? "no call came" : "nobody knows whose it is";
    this.cut(connection, `${lack}, and others want its place`);
    // Its close would come too late for who needs the place.
    this.leave(connection);
    return true;
  }

  private turnAway(socket: net.Socket, reason: string): false {
    this.options.closed(reason, peerOf(socket));
    socket.on("error", () => {});
    socket.destroy();
    return false;
  }

  /** It is no newcomer any more. */
  private settle(connection: Connection): void {
    if (!this.newcomers.delete(connection)) return;
    this.options.addresses.leave(connection.slot, "newcomers");
  }

  private leave(connection: Connection): void {
    if (!connection.counted) return;
    connection.counted = false;
    const { board, row, addresses } = this.options;
    addresses.leave(connection.slot, "connections");
    board.leave(row, "connections");
  }

  private forget(connection: Connection): void {
    const { peer } = connection;
    noteGarbage(limits.connectionGarbageBytes);
    this.settle(connection);
    this.guests.delete(connection);
    this.leave(connection);
    // A port of the client may be in use again before its old socket is gone.
    if (this.open.get(peer) === connection) this.open.delete(peer);
  }
}

function closeSoon(socket: net.Socket): void {
  setTimeout(() => socket.destroy(), socketGraceMs).unref();
}

/** `address:port` of a client. */
export function peerOf({
  remoteAddress,
  remotePort,
}: Pick<net.Socket, "remoteAddress" | "remotePort">): string {
  return peerText(remoteAddress, remotePort);
}
