/** The Huffman code of HPACK (RFC 7541 section 5.2 and Appendix B): decoding by half-bytes. */

/** Bits of each symbol's code, 0 to 255. Codes of one length count up with the symbol. */
// biome-ignore format: sixteen a line, as a table
const codeBits = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
  28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
  5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
  6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
  24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
  21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
  26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
];
const endOfString = 256;
const endOfStringBits = 30;
const bitsMax = 30;

/** Of one (state, half-byte): the next state, bits 0 to 15; the symbol, bits 16 to 23; what follows. */
const emits = 1 << 24;
const fails = 1 << 25;
const { transitions, mayEnd } = buildTables();

interface TreeNode {
  zero: TreeNode | number | undefined;
  one: TreeNode | number | undefined;
  /** Number of the state: the root is 0. */
  readonly index: number;
  /** The way here is at most seven 1 bits: what may stand behind the last symbol as padding. */
  readonly isPadding: boolean;
}

/** Room that `decodeHuffman` needs for `length` bytes: the shortest code has five bits. */
export function huffmanRoom(length: number): number {
  return Math.floor((length * 8) / 5);
}

/**
 * Decodes `input[start..end)` into `output` from 0 on; the bytes written, or -1 when the input is no
 * code: it holds the end-of-string symbol, or its padding is longer than 7 bits or not all 1.
 */
export function decodeHuffman(
  input: Uint8Array,
  start: number,
  end: number,
  output: Uint8Array,
): number {
  let state = 0;
  let written = 0;
  for (let at = start; at < end; at++) {
    const byte = input[at] as number;
    let step = transitions[(state << 4) | (byte >> 4)] as number;
    if ((step & fails) !== 0) return -1;
    if ((step & emits) !== 0) output[written++] = (step >> 16) & 0xff;
    step = transitions[((step & 0xffff) << 4) | (byte & 0xf)] as number;
    if ((step & fails) !== 0) return -1;
    if ((step & emits) !== 0) output[written++] = (step >> 16) & 0xff;
    state = step & 0xffff;
  }
  return mayEnd[state] === 1 ? written : -1;
}

function buildTables(): { transitions: Uint32Array; mayEnd: Uint8Array } {
  const nodes: TreeNode[] = [];
  const newNode = (isPadding: boolean): TreeNode => {
    const node = { zero: undefined, one: undefined, index: nodes.length, isPadding };
    nodes.push(node);
    return node;
  };
  const root = newNode(true);
  let code = 0;
  for (let bits = 1; bits <= bitsMax; bits++, code *= 2) {
    for (let symbol = 0; symbol <= endOfString; symbol++) {
      const own = symbol === endOfString ? endOfStringBits : codeBits[symbol];
      if (own === bits) plant(root, newNode, code++, bits, symbol);
    }
  }
  const table = new Uint32Array(nodes.length << 4);
  for (const node of nodes) {
    for (let half = 0; half < 16; half++) table[(node.index << 4) | half] = walk(root, node, half);
  }
  return { transitions: table, mayEnd: Uint8Array.from(nodes, ({ isPadding }) => +isPadding) };
}

function plant(
  root: TreeNode,
  newNode: (isPadding: boolean) => TreeNode,
  code: number,
  bits: number,
  symbol: number,
): void {
  let node = root;
  for (let bit = bits - 1; bit > 0; bit--) {
    const side = ((code >>> bit) & 1) === 1 ? "one" : "zero";
    const depth = bits - bit;
    node[side] ??= newNode(node.isPadding && side === "one" && depth <= 7);
    node = node[side] as TreeNode;
  }
  node[(code & 1) === 1 ? "one" : "zero"] = symbol;
}

function walk(root: TreeNode, from: TreeNode, half: number): number {
  let node = from;
  let symbol = -1;
  for (let bit = 3; bit >= 0; bit--) {
    const next = ((half >> bit) & 1) === 1 ? node.one : node.zero;
    if (next === undefined || next === endOfString) return fails;
    if (typeof next === "number") {
      symbol = next;
      node = root;
    } else node = next;
  }
  return symbol < 0 ? node.index : node.index | (symbol << 16) | emits;
}
