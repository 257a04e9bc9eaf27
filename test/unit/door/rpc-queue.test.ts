import { describe, expect, test } from "bun:test";
import { EventEmitter } from "node:events";
import type { ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import { limits } from "../../../src/config/limits.ts";
import { RpcQueue } from "../../../src/door/rpc-queue.ts";

/** A queue whose calls each take a millisecond of a clock of its own. */
class Bench {
  nowMs = 0;
  readonly begun: string[] = [];
  readonly dropped: ServerHttp2Session[] = [];
  readonly queue = new RpcQueue({
    now: () => this.nowMs,
    drop: (session) => this.dropped.push(session),
  });

  session(): ServerHttp2Session {
    return { destroyed: false } as unknown as ServerHttp2Session;
  }

  add(session: ServerHttp2Session, name: string): EventEmitter & { destroyed: boolean } {
    const stream = Object.assign(new EventEmitter(), {
      destroyed: false,
      pause: () => {},
      resume: () => {},
    });
    this.queue.add(session, stream as unknown as ServerHttp2Stream, () => {
      this.begun.push(name);
      this.nowMs++;
    });
    return stream;
  }

  turn(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }
}

describe("calls", () => {
  test("begin some at a time, one of each connection in turn", async () => {
    const bench = new Bench();
    const [greedy, modest] = [bench.session(), bench.session()];
    for (let call = 0; call < 6; call++) bench.add(greedy, `greedy-${call}`);
    bench.add(modest, "modest-0");
    expect(bench.begun).toEqual([]);
    await bench.turn();
    expect(bench.begun).toEqual(["greedy-0", "modest-0", "greedy-1", "greedy-2"]);
    expect(bench.begun.length).toBe(limits.rpcTurnMsMax);
    await bench.turn();
    expect(bench.begun.slice(4)).toEqual(["greedy-3", "greedy-4", "greedy-5"]);
  });

  test("that ended before they began are left out, whatever ended them", async () => {
    const bench = new Bench();
    const session = bench.session();
    const reset = bench.add(session, "reset");
    bench.add(session, "kept");
    reset.emit("error", new Error("NGHTTP2_PROTOCOL_ERROR"));
    reset.destroyed = true;
    const gone = { destroyed: false };
    bench.add(gone as ServerHttp2Session, "gone");
    gone.destroyed = true;
    bench.add(gone as ServerHttp2Session, "late");
    await bench.turn();
    expect(bench.begun).toEqual(["kept"]);
  });

  test("are too many: the connection is closed of which most wait", async () => {
    const bench = new Bench();
    const [greedy, modest] = [bench.session(), bench.session()];
    for (let call = 1; call < limits.waitingRpcsMax; call++) bench.add(greedy, "greedy");
    bench.add(modest, "modest");
    expect(bench.dropped).toEqual([]);
    bench.add(modest, "modest");
    expect(bench.dropped).toEqual([greedy]);
    await bench.turn();
    expect(bench.begun).toEqual(["modest", "modest"]);
  });
});
