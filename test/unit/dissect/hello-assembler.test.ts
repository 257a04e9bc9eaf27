import { describe, expect, test } from "bun:test";
import { limits } from "../../../src/config/limits.ts";
import { HelloAssembler, type HelloRange } from "../../../src/dissect/hello-assembler.ts";
import { dissectTlsHello } from "../../../src/dissect/tls-hello.ts";
import { concat, hex } from "../../support/packets.ts";
import { clientHello, extension, tlsRecords } from "../../support/tls-hellos.ts";

/** A hello of 3,000 bytes: three segments of 1,200. */
const stream = helloOf(3000);
const cuts = [0, 1200, 2400, stream.length] as const;

function helloOf(bytes: number, filler = 5): Uint8Array {
  const padding = (length: number) => extension(21, new Uint8Array(length).fill(filler));
  const build = (length: number) =>
    tlsRecords(clientHello({ cipherSuites: [1], extensions: [padding(length)] }));
  return build(bytes - build(0).length);
}

/** Adds the bytes from `start` to `end` of a stream that begins at `sequence`. */
function addPart(
  assembler: HelloAssembler,
  start: number,
  end: number,
  key: string | number = "a",
  sequence = 1000,
  bytes: Uint8Array = stream,
): HelloRange | undefined {
  return assembler.add(key, (sequence + start) >>> 0, bytes, start, end);
}

function addSegment(assembler: HelloAssembler, index: 0 | 1 | 2, key?: string | number) {
  return addPart(assembler, cuts[index], cuts[(index + 1) as 1 | 2 | 3], key);
}

function contentOf(range: HelloRange | undefined): Uint8Array | undefined {
  return range?.bytes.subarray(range.start, range.end);
}

describe("segments of a hello", () => {
  test.each([[[0, 1, 2]], [[0, 2, 1]], [[0, 0, 1, 1, 2]], [[0, 2, 2, 0, 1]]] as (0 | 1 | 2)[][][])(
    "make it whole in the order %p",
    (order) => {
      const assembler = new HelloAssembler();
      const answers = order.map((index) => addSegment(assembler, index));
      expect(answers.slice(0, -1).every((answer) => answer === undefined)).toBe(true);
      expect(contentOf(answers.at(-1))).toEqual(stream);
      expect(assembler.size).toBe(0);
    },
  );

  test("may overlap, and be as short as a byte", () => {
    const assembler = new HelloAssembler();
    for (const [start, end] of [
      [0, 1],
      [1, 4],
      [0, 900],
      [2000, 2500],
      [1500, 2100],
      [400, 700],
      [2600, 2900],
    ] as const) {
      expect(addPart(assembler, start, end)).toBeUndefined();
    }
    expect(addPart(assembler, 800, 1600)).toBeUndefined();
    expect(contentOf(addPart(assembler, 2450, stream.length))).toEqual(stream);
  });

  test("may all come before the second one, however many they are", () => {
    const assembler = new HelloAssembler();
    addPart(assembler, 0, 665);
    for (const [start, end] of [
      [938, 1227],
      [1227, 1585],
      [1583, 1699],
      [1699, 2167],
      [2167, 2500],
      [2700, stream.length],
      [2400, 2700],
    ] as const) {
      expect(addPart(assembler, start, end)).toBeUndefined();
    }
    expect(contentOf(addPart(assembler, 638, 938))).toEqual(stream);
  });

  test("have sequence numbers that start again", () => {
    const assembler = new HelloAssembler();
    const sequence = 2 ** 32 - 1300;
    expect(addPart(assembler, 0, 1200, 7, sequence)).toBeUndefined();
    expect(addPart(assembler, 2400, 3000, 7, sequence)).toBeUndefined();
    expect(contentOf(addPart(assembler, 1200, 2400, 7, sequence))).toEqual(stream);
  });

  test("of several conversations do not mix", () => {
    const assembler = new HelloAssembler();
    const other = helloOf(2000, 9);
    addSegment(assembler, 0);
    addPart(assembler, 0, 1200, "b", 1000, other);
    addSegment(assembler, 1);
    expect(contentOf(addPart(assembler, 1200, 2000, "b", 1000, other))).toEqual(other);
    expect(contentOf(addSegment(assembler, 2))).toEqual(stream);
  });

  test("are copies: the caller's bytes may change", () => {
    const assembler = new HelloAssembler();
    const buffer = Buffer.from(stream);
    addPart(assembler, 0, 1200, "a", 1000, buffer);
    addPart(assembler, 2400, 3000, "a", 1000, buffer);
    buffer.fill(0, 0, 1200).fill(0, 2400);
    const range = addPart(assembler, 1200, 2400, "a", 1000, buffer);
    expect(contentOf(range)).toEqual(stream);
    expect(range && dissectTlsHello(range.bytes, range.start, range.end)?.isWhole).toBe(true);
  });
});

describe("what is no part of a hello", () => {
  test("is passed over at once while nothing waits", () => {
    const assembler = new HelloAssembler();
    const data = hex("1703030010 00112233445566778899aabbccddeeff");
    expect(assembler.isWanted(data, 0, data.length)).toBe(false);
    expect(assembler.add("a", 1, data, 0, data.length)).toBeUndefined();
    expect(assembler.size).toBe(0);
    expect(assembler.isWanted(stream, 0, 1200)).toBe(true);
    addSegment(assembler, 0);
    expect(assembler.isWanted(data, 0, data.length)).toBe(true);
  });

  test("in its place ends the wait", () => {
    const assembler = new HelloAssembler();
    addPart(assembler, 0, 1);
    expect(assembler.size).toBe(1);
    const other = hex("16ff");
    expect(assembler.add("a", 1001, other, 1, 2)).toBeUndefined();
    expect(assembler.size).toBe(0);
  });

  test("before the first segment is not kept", () => {
    const assembler = new HelloAssembler();
    expect(addSegment(assembler, 1)).toBeUndefined();
    expect(assembler.size).toBe(0);
  });
});

describe("a hello in one segment", () => {
  test("is answered as it is", () => {
    const assembler = new HelloAssembler();
    const bytes = concat([1, 2, 3], stream);
    const range = assembler.add("a", 5, bytes, 3, bytes.length);
    expect(range).toEqual({ bytes, start: 3, end: bytes.length });
    expect(range?.bytes).toBe(bytes);
  });

  test("of a new connection between the same end points takes the place of an unfinished one", () => {
    const assembler = new HelloAssembler();
    addSegment(assembler, 0);
    expect(addPart(assembler, 0, stream.length, "a", 900_000)).toBeDefined();
    expect(assembler.size).toBe(0);
    addSegment(assembler, 0);
    addPart(assembler, 0, 1200, "a", 900_000);
    expect(assembler.size).toBe(1);
    expect(addSegment(assembler, 1)).toBeUndefined();
    addPart(assembler, 1200, 2400, "a", 900_000);
    expect(contentOf(addPart(assembler, 2400, 3000, "a", 900_000))).toEqual(stream);
  });
});

describe("memory is bounded:", () => {
  test("the oldest unfinished hello is forgotten", () => {
    const assembler = new HelloAssembler(2);
    for (const key of ["a", "b", "c"]) addSegment(assembler, 0, key);
    expect(assembler.size).toBe(2);
    for (const key of ["a", "b", "c"]) addSegment(assembler, 1, key);
    expect(addSegment(assembler, 2, "a")).toBeUndefined();
    expect(addSegment(assembler, 2, "b")).toBeDefined();
    expect(addSegment(assembler, 2, "c")).toBeDefined();
  });

  test("as many as the limits say wait at once", () => {
    const assembler = new HelloAssembler();
    for (let key = 0; key < limits.hellosMax + 10; key++) addSegment(assembler, 0, key);
    expect(assembler.size).toBe(limits.hellosMax);
  });

  test("a hello that is longer than the limit is given up", () => {
    const long = helloOf(limits.helloBytesMax + 1);
    const assembler = new HelloAssembler();
    for (let at = 0; at < long.length; at += 4000) {
      const end = Math.min(long.length, at + 4000);
      expect(addPart(assembler, at, end, "a", 0, long)).toBeUndefined();
    }
    expect(assembler.size).toBe(0);
    expect(addPart(assembler, 0, limits.helloBytesMax, "a", 0, long)).toBeUndefined();
    expect(assembler.size).toBe(0);
  });

  test("a hello of just the limit is put together", () => {
    const long = helloOf(limits.helloBytesMax);
    const assembler = new HelloAssembler();
    expect(addPart(assembler, 0, 8000, "a", 0, long)).toBeUndefined();
    expect(contentOf(addPart(assembler, 8000, long.length, "a", 0, long))).toEqual(long);
  });

  test("segments behind a gap are kept up to their number and size", () => {
    const assembler = new HelloAssembler();
    addPart(assembler, 0, 100);
    for (let index = 1; index <= limits.helloEarlyRunsMax; index++) {
      addPart(assembler, index * 200, index * 200 + 100);
    }
    addPart(assembler, 1100, stream.length);
    expect(addPart(assembler, 100, 1100)).toBeUndefined();
    expect(contentOf(addPart(assembler, 1100, stream.length))).toEqual(stream);

    const long = helloOf(limits.helloBytesMax);
    addPart(assembler, 0, 8000, "b", 0, long);
    addPart(assembler, 8001, long.length, "b", 0, long);
    addPart(assembler, 8001, 9000, "b", 0, long);
    expect(addPart(assembler, 8000, 8001, "b", 0, long)).toBeDefined();
    addPart(assembler, 0, 8000, "c", 0, long);
    addPart(assembler, 8500, long.length, "c", 0, long);
    addPart(assembler, 8100, 8900, "c", 0, long);
    addPart(assembler, 8000, 8100, "c", 0, long);
    expect(assembler.size).toBe(1);
  });
});
