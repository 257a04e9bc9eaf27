/**
 * Fair queue, connections in round-robin: calls that wait for their beginning. HTTP/2 hands over all
 * calls of one read of a connection in one go, which a client can make ten thousand, and packet
 * streams would wait until the last of them is answered. So calls begin a few milliseconds long in
 * each turn of the event loop, and connections take turns. Whoever does not wait for answers runs into
 * `limits.streamsPerConnectionMax` meanwhile.
 */
import type { ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import { limits } from "../config/limits.ts";
import { noteAbandoned } from "../pipeline/collect.ts";

export interface CallQueueOptions {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Closes a connection of which too many calls wait. */
  readonly drop: (session: ServerHttp2Session) => void;
}

interface WaitingCall {
  readonly stream: ServerHttp2Stream;
  readonly begin: () => void;
}

export class CallQueue {
  private readonly options: CallQueueOptions;
  /** The connection whose turn is next comes first. */
  private readonly waiting = new Map<ServerHttp2Session, WaitingCall[]>();
  private size = 0;
  private scheduled = false;

  constructor(options: CallQueueOptions) {
    this.options = options;
  }

  /** Calls `begin` in a later turn of the event loop, unless the call has ended by then. */
  add(session: ServerHttp2Session, stream: ServerHttp2Stream, begin: () => void): void {
    // Nobody else listens yet, and an error without a listener would end the thread.
    stream.on("error", () => {});
    if (session.destroyed) return;
    // Its end would be told before somebody listens.
    stream.pause();
    const calls = this.waiting.get(session);
    if (calls === undefined) this.waiting.set(session, [{ stream, begin }]);
    else calls.push({ stream, begin });
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
    for (const [session, calls] of this.waiting) {
      const call = calls.shift();
      this.waiting.delete(session);
      // Behind all others; the iteration comes to it again.
      if (calls.length > 0) this.waiting.set(session, calls);
      if (call === undefined) continue;
      this.size--;
      noteAbandoned(limits.rpcGarbageBytes);
      if (!call.stream.destroyed && !session.destroyed) {
        call.stream.resume();
        call.begin();
      }
      if (this.options.now() >= until) return;
    }
  }

  private dropGreediest(): void {
    let greediest: ServerHttp2Session | undefined;
    let most = 0;
    for (const [session, { length }] of this.waiting) {
      if (length <= most) continue;
      greediest = session;
      most = length;
    }
    if (greediest === undefined) return;
    this.waiting.delete(greediest);
    this.size -= most;
    if (!greediest.destroyed) this.options.drop(greediest);
  }
}
