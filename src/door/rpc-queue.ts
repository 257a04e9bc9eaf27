/**
 * Fair queue, connections in round-robin: RPCs that wait for their beginning. HTTP/2 hands over all
 * RPCs of one read of a connection in one go, which a client can make ten thousand, and packet
 * streams would wait until the last of them is answered. So RPCs begin a few milliseconds long in
 * each turn of the event loop, and connections take turns. Whoever does not wait for answers runs into
 * `limits.streamsPerConnectionMax` meanwhile.
 */
import { limits } from "../config/limits.ts";
import type { Http2Stream } from "../http2/http2-stream.ts";
import { noteAbandoned } from "../pipeline/collect.ts";
import type { Connection } from "./connection.ts";

export interface RpcQueueOptions {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Closes a connection of which too many RPCs wait. */
  readonly drop: (connection: Connection) => void;
}

interface WaitingRpc {
  readonly stream: Http2Stream;
  readonly begin: () => void;
}

export class RpcQueue {
  private readonly options: RpcQueueOptions;
  /** The connection whose turn is next comes first. */
  private readonly waiting = new Map<Connection, WaitingRpc[]>();
  private size = 0;
  private scheduled = false;

  constructor(options: RpcQueueOptions) {
    this.options = options;
  }

  /** Calls `begin` in a later turn of the event loop, unless the RPC has ended by then. */
  add(connection: Connection, stream: Http2Stream, begin: () => void): void {
    const rpcs = this.waiting.get(connection);
    if (rpcs === undefined) this.waiting.set(connection, [{ stream, begin }]);
    else rpcs.push({ stream, begin });
    this.size++;
    if (this.size > limits.waitingRpcsMax) this.dropGreediest();
    this.schedule();
  }

  private schedule(): void {
    if (this.scheduled || this.size === 0) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.run();
      this.schedule();
    });
  }

  private run(): void {
    const until = this.options.now() + limits.rpcTurnMsMax;
    for (const [connection, rpcs] of this.waiting) {
      const rpc = rpcs.shift();
      this.waiting.delete(connection);
      // Behind all others; the iteration comes to it again.
      if (rpcs.length > 0) this.waiting.set(connection, rpcs);
      if (rpc === undefined) continue;
      this.size--;
      noteAbandoned(limits.rpcGarbageBytes);
      if (!rpc.stream.isClosed) rpc.begin();
      if (this.options.now() >= until) return;
    }
  }

  private dropGreediest(): void {
    let greediest: Connection | undefined;
    let most = 0;
    for (const [connection, { length }] of this.waiting) {
      if (length <= most) continue;
      greediest = connection;
      most = length;
    }
    if (greediest === undefined) return;
    this.waiting.delete(greediest);
    this.size -= most;
    this.options.drop(greediest);
  }
}
