/** Tests of comparisons between numbers of a packet. */
import { uint16At, uint32At } from "../packet/layers.ts";
import { calculate, noNumber } from "./arithmetic.ts";
import { headerOf } from "./header.ts";
import type { LinkLayout } from "./link-layout.ts";
import { cut, no, type PacketTest, yes } from "./packet-test.ts";
import type { Arithmetic, Comparison, Load, Relation } from "./syntax-tree.ts";

/** A value of a packet, or `noNumber` when that would be read past its end or divides by zero. */
type Value = (bytes: Uint8Array, start: number, end: number, length: number) => number;

/** A comparison alone: that the headers are there is to be tested before. */
export function relationTest(layout: LinkLayout, relation: Relation): PacketTest {
  const left = valueFor(layout, relation.left);
  const right = valueFor(layout, relation.right);
  const holds = comparisons[relation.comparison];
  return (bytes, start, end, length) => {
    const first = left(bytes, start, end, length);
    if (first === noNumber) return cut;
    const second = right(bytes, start, end, length);
    if (second === noNumber) return cut;
    return holds(first, second) ? yes : no;
  };
}

const comparisons: Readonly<Record<Comparison, (left: number, right: number) => boolean>> = {
  "=": (left, right) => left === right,
  "!=": (left, right) => left !== right,
  "<": (left, right) => left < right,
  "<=": (left, right) => left <= right,
  ">": (left, right) => left > right,
  ">=": (left, right) => left >= right,
};

/** A load, and whether its header is tested before arithmetic is done. */
interface FoundLoad {
  readonly load: Load;
  readonly isTested: boolean;
}

/**
 * The loads in the order in which their headers are tested. Of an operation libpcap tests only those
 * of the left side: `len - ip[2:2] = 14` looks at every packet.
 */
export function loadsOf(arithmetic: Arithmetic, isTested = true): FoundLoad[] {
  switch (arithmetic.kind) {
    case "number":
    case "length":
      return [];
    case "operation":
      return [...loadsOf(arithmetic.left, isTested), ...loadsOf(arithmetic.right, false)];
    case "load":
      return [...loadsOf(arithmetic.index, isTested), { load: arithmetic, isTested }];
  }
}

function valueFor(layout: LinkLayout, arithmetic: Arithmetic): Value {
  switch (arithmetic.kind) {
    case "number": {
      const { value } = arithmetic;
      return () => value;
    }
    case "length":
      return (_bytes, _start, _end, length) => length;
    case "operation": {
      const { operator } = arithmetic;
      const left = valueFor(layout, arithmetic.left);
      const right = valueFor(layout, arithmetic.right);
      return (bytes, start, end, length) => {
        const first = left(bytes, start, end, length);
        if (first === noNumber) return noNumber;
        const second = right(bytes, start, end, length);
        return second === noNumber ? noNumber : calculate(operator, first, second);
      };
    }
    case "load":
      return loadOf(layout, arithmetic);
  }
}

function loadOf(layout: LinkLayout, load: Load): Value {
  const header = headerOf(load.protocol);
  const read = readers[load.size];
  if (header?.kind === "over-ipv4") return loadOverIpv4(layout, load, read);
  const shift = header?.kind === "over-ipv6" ? 40 : 0;
  const base = (header?.kind === "link" ? layout.linkAt : layout.payloadAt) + shift;
  const { index } = load;
  if (index.kind === "number") {
    // A fixed negative index reaches what is before the header: libpcap adds it modulo 2^32.
    const offset = (base + index.value) >>> 0;
    return (bytes, start, end) => read(bytes, start + offset, end);
  }
  const indexValue = valueFor(layout, index);
  return (bytes, start, end, length) => {
    const value = indexValue(bytes, start, end, length);
    return value === noNumber ? noNumber : read(bytes, start + base + value, end);
  };
}

function loadOverIpv4(layout: LinkLayout, load: Load, read: Reader): Value {
  const { payloadAt } = layout;
  const indexValue = valueFor(layout, load.index);
  return (bytes, start, end, length) => {
    const value = indexValue(bytes, start, end, length);
    const at = start + payloadAt;
    if (value === noNumber || at >= end) return noNumber;
    const headerBytes = ((bytes[at] as number) & 0xf) * 4;
    return read(bytes, at + ((headerBytes + value) >>> 0), end);
  };
}

/** A big-endian number at `at`, which is not before the packet and may be far behind its end. */
type Reader = (bytes: Uint8Array, at: number, end: number) => number;

const readers: Readonly<Record<Load["size"], Reader>> = {
  1: (bytes, at, end) => (at + 1 > end ? noNumber : (bytes[at] as number)),
  2: (bytes, at, end) => (at + 2 > end ? noNumber : uint16At(bytes, at)),
  4: (bytes, at, end) => (at + 4 > end ? noNumber : uint32At(bytes, at)),
};
