import { describe, expect, test } from "bun:test";
import { limits } from "../../../src/config/limits.ts";
import type { Connection } from "../../../src/door/connection.ts";
import { RpcQueue } from "../../../src/door/rpc-queue.ts";
import type { Http2Stream } from "../../../src/http2/http2-stream.ts";

/** A queue whose RPCs each take a millisecond of a clock of its own. */
class Bench {
  nowMs = 0;
  readonly begun: string[] = [];
  readonly dropped: Connection[] = [];
  readonly queue = new RpcQueue({
    now: () => this.nowMs,
    drop: (connection) => this.dropped.push(connection),
  });

  connection(): Connection {
    return {} as Connection;
  }

  add(connection: Connection, name: string): { isClosed: boolean } {
    const stream = { isClosed: false };
    this.queue.add(connection, stream as Http2Stream, () => {
      this.begun.push(name);
      this.nowMs++;
    });
    return stream;
  }

  turn(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }
}

describe("RPCs", () => {
  test("begin some at a time, one of each connection in turn", async () => {
    const bench = new Bench();
    const [greedy, modest] = [bench.connection(), bench.connection()];
    for (let call = 0; call < 6; call++) bench.add(greedy, `greedy-${call}`);
    bench.add(modest, "modest-0");
    expect(bench.begun).toEqual([]);
    await bench.turn();
    expect(bench.begun).toEqual(["greedy-0", "modest-0", "greedy-1", "greedy-2"]);
    expect(bench.begun.length).toBe(limits.rpcTurnMsMax);
    await bench.turn();
    expect(bench.begun.slice(4)).toEqual(["greedy-3", "greedy-4", "greedy-5"]);
  });

  test("that ended before they began are left out", async () => {
    const bench = new Bench();
    const connection = bench.connection();
    const reset = bench.add(connection, "reset");
    bench.add(connection, "kept");
    const gone = bench.connection();
    const lost = [bench.add(gone, "lost"), bench.add(gone, "lost")];
    for (const stream of [reset, ...lost]) stream.isClosed = true;
    await bench.turn();
    expect(bench.begun).toEqual(["kept"]);
  });

  test("are too many: the connection is closed of which most wait", async () => {
    const bench = new Bench();
    const [greedy, modest] = [bench.connection(), bench.connection()];
    for (let call = 1; call < limits.waitingRpcsMax; call++) bench.add(greedy, "greedy");
    bench.add(modest, "modest");
    expect(bench.dropped).toEqual([]);
    bench.add(modest, "modest");
    expect(bench.dropped).toEqual([greedy]);
    await bench.turn();
    expect(bench.begun).toEqual(["modest", "modest"]);
  });
});
