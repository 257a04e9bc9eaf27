/**
 * Packet filter expressions against tcpdump: the same packets match, for each link type, and the same
 * expressions are refused. Wants tcpdump, and no rights: it reads files.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import {
  compileExpression,
  type PacketPredicate,
} from "../../src/expression/compile-expression.ts";
import { ExpressionError } from "../../src/expression/expression-error.ts";
import { filterExpressions, refusedExpressions } from "../support/filter-expressions.ts";
import { asLinkType, ethernetPackets } from "../support/filter-packets.ts";
import { randomExpression } from "../support/random-expression.ts";
import { isFullRun, runSize, sampled } from "../support/run-size.ts";
import { seededRandom } from "../support/seed.ts";
import type { Seeded } from "../support/seeded.ts";
import { type FilteredPacket, filterByTcpdump, writeNumbered } from "../support/tcpdump-filter.ts";
import { scratchDirectory } from "../support/weir-process.ts";

const isMissing = Bun.which("tcpdump") === null;
if (isMissing) console.log("skipped: expressions against tcpdump (it is not installed)");

const ethernet = 1;
const linkTypes = sampled("link types for expressions", [113, 0, 9, 101, 108, 228, 229, 276]);
const randomExpressions = runSize("random expressions", 50, 400);
const randomPerLinkType = isFullRun ? 25 : 5;
/** Expressions for other link types and for packets that are cut off. */
const fixedPerLinkType = filterExpressions.slice(
  0,
  runSize("expressions for each link type", 40, filterExpressions.length),
);
const atOnce = 3;
const timeoutMs = 300_000;

const directory = scratchDirectory();
afterAll(() => rmSync(directory, { recursive: true, force: true }));

interface NumberedFile {
  readonly path: string;
  readonly linkType: number;
  readonly packets: readonly FilteredPacket[];
}

function numbered(name: string, linkType: number, packets: readonly FilteredPacket[]) {
  const path = join(directory, name);
  writeNumbered(path, linkType, packets);
  return { path, linkType, packets };
}

/** What is wrong with each expression, beginning with it; tcpdump runs a few at a time. */
async function faultsOf(
  expressions: readonly string[],
  faultOf: (expression: string) => Promise<string>,
): Promise<string[]> {
  const faults: string[] = [];
  const waiting = [...expressions];
  const runAll = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const fault = await faultOf(next);
      if (fault !== "") faults.push(`${next} | ${fault}`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, runAll));
  return faults;
}

/** The same packets match, or both refuse. */
async function faultOf(file: NumberedFile, expression: string): Promise<string> {
  const ours = compiled(expression);
  let theirs = await filterByTcpdump(file.path, expression);
  // A shift that comes out too far (`>> 7 * 6`) is refused by the optimizer alone, and gives 0.
  const isOptimizers = "refusal" in theirs && theirs.refusal.startsWith("shift by more than");
  if (isOptimizers && typeof ours !== "string") {
    theirs = await filterByTcpdump(file.path, expression, true);
  }
  if ("refusal" in theirs) {
    const isRefused = typeof ours === "string" || isNoFault(theirs.refusal);
    return isRefused ? "" : `tcpdump refuses: ${theirs.refusal}`;
  }
  if (typeof ours === "string") return `refused: ${ours}`;
  return difference(file, numbersOf(file, ours), theirs.matching);
}

/**
 * The same, for packets that may end before what is tested. What tcpdump's optimizer moves or leaves
 * out then decides whether the end is noticed: each packet has to fare as with it or as without.
 */
async function faultOfCut(file: NumberedFile, expression: string): Promise<string> {
  const fault = await faultOf(file, expression);
  const ours = compiled(expression);
  if (fault === "" || typeof ours === "string") return fault;
  const optimized = await filterByTcpdump(file.path, expression);
  const plain = await filterByTcpdump(file.path, expression, true);
  if ("refusal" in plain || "refusal" in optimized) return fault;
  const numbers = numbersOf(file, ours);
  const [mine, one, other] = [numbers, plain.matching, optimized.matching].map(
    (matching) => new Set(matching),
  );
  const agreed = file.packets.flatMap((_, number) => {
    const isOne = one?.has(number) === true;
    const decides = isOne === other?.has(number) ? isOne : mine?.has(number) === true;
    return decides ? [number] : [];
  });
  return difference(file, numbers, agreed);
}

/** The same packets match where tcpdump has the expression for this link type at all. */
async function faultElsewhere(file: NumberedFile, expression: string): Promise<string> {
  const theirs = await filterByTcpdump(file.path, expression);
  return "refusal" in theirs ? "" : faultOfCut(file, expression);
}

/**
 * Names are those of the machine's own tables, which need not be there; and the optimizer refuses
 * what divides by zero only in packets that it never is evaluated for.
 */
function isNoFault(refusal: string): boolean {
  return /^(unknown (port|ip proto)|(division|modulus) by zero)/.test(refusal);
}

function compiled(expression: string): PacketPredicate | string {
  try {
    return compileExpression(expression);
  } catch (error) {
    if (error instanceof ExpressionError) return error.message;
    throw error;
  }
}

function numbersOf({ packets, linkType }: NumberedFile, predicate: PacketPredicate): number[] {
  return packets.flatMap(({ data, originalLength }, number) => {
    return predicate.matches(data, 0, data.length, originalLength, linkType) ? [number] : [];
  });
}

function difference(
  { packets }: NumberedFile,
  ours: readonly number[],
  theirs: readonly number[],
): string {
  const [mine, other] = [new Set(ours), new Set(theirs)];
  const number = packets.findIndex((_, index) => mine.has(index) !== other.has(index));
  if (number < 0) return "";
  const hex = Buffer.from(packets[number]?.data.subarray(0, 80) ?? []).toString("hex");
  const counts = `${ours.length} match, of tcpdump ${theirs.length}`;
  return `${counts}; first: ${number} ${mine.has(number) ? "ours" : "theirs"} ${hex}`;
}

function cutPackets(random: Seeded, packets: readonly FilteredPacket[]): FilteredPacket[] {
  return packets.map(({ data, originalLength }) => {
    return { data: data.slice(0, random.between(0, Math.min(data.length, 90))), originalLength };
  });
}

function isWithoutNegativeIndex(expression: string): boolean {
  return !expression.includes("[-");
}

describe.skipIf(isMissing)("an expression means what it means to tcpdump", () => {
  let random: Seeded;
  let frames: readonly FilteredPacket[];
  let file: NumberedFile;
  let generated: readonly string[];

  beforeAll(() => {
    random = seededRandom("expressions");
    frames = ethernetPackets();
    file = numbered("ethernet.pcap", ethernet, frames);
    generated = Array.from({ length: randomExpressions }, () => randomExpression(random));
  });

  test(
    "on Ethernet",
    async () => {
      expect(filterExpressions.length).toBeGreaterThan(150);
      expect(frames.length).toBeGreaterThan(500);
      const faults = await faultsOf(filterExpressions, (text) => faultOf(file, text));
      expect(faults).toEqual([]);
    },
    timeoutMs,
  );

  test(
    "where it is made at random",
    async () => {
      const faults = await faultsOf(generated, (text) => faultOfCut(file, text));
      expect(faults).toEqual([]);
    },
    timeoutMs,
  );

  test(
    "where it is wrong",
    async () => {
      const faults = await faultsOf(refusedExpressions, async (text) => {
        const fault = await faultOf(file, text);
        return fault === "" && typeof compiled(text) !== "string" ? "not refused" : fault;
      });
      expect(faults).toEqual([]);
    },
    timeoutMs,
  );

  test(
    "on packets that are cut off",
    async () => {
      const cut = numbered("cut.pcap", ethernet, cutPackets(random, frames));
      const expressions = [...fixedPerLinkType, ...generated.slice(0, randomPerLinkType)].filter(
        (text) => isWithoutNegativeIndex(text) && typeof compiled(text) !== "string",
      );
      const faults = await faultsOf(expressions, (text) => faultOfCut(cut, text));
      expect(faults).toEqual([]);
    },
    timeoutMs,
  );

  test.each(linkTypes)(
    "on link type %d",
    async (linkType) => {
      const packets = asLinkType(frames, linkType);
      expect(packets.length).toBeGreaterThan(50);
      const other = numbered(`${linkType}.pcap`, linkType, packets);
      const expressions = [...fixedPerLinkType, ...generated.slice(0, randomPerLinkType)].filter(
        (text) => typeof compiled(text) !== "string",
      );
      const faults = await faultsOf(expressions, (text) => faultElsewhere(other, text));
      expect(faults).toEqual([]);
    },
    timeoutMs,
  );
});
