import { expect, test } from "bun:test";
import { doneWhenTaken, type Sink } from "../../../src/pipeline/sink.ts";
import { makeBatch } from "../../support/encode-batch.ts";

test("with --ack memory a batch is done when the sink has taken it, and not before", () => {
  let position = 0;
  const queue: Sink = {
    name: "queue",
    offer: (batch, from) => {
      const taken = Math.min(batch.view.count, from + 2);
      position += taken - from;
      return taken;
    },
    position: () => position,
    done: () => 0,
  };
  const sink = doneWhenTaken(queue);
  const packets = Array.from({ length: 3 }, () => ({ data: new Uint8Array(60) }));
  expect(sink.offer(makeBatch({ packets }), 0)).toBe(2);
  expect([sink.position(), sink.done()]).toEqual([2, 2]);
  expect(sink.offer(makeBatch({ packets }), 2)).toBe(3);
  expect([sink.position(), sink.done()]).toEqual([3, 3]);
});
