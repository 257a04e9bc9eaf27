import {
  compileExpression,
  type PacketPredicate,
} from "../../src/expression/compile-expression.ts";
import { ExpressionError } from "../../src/expression/expression-error.ts";
import { filterExpressions, refusedExpressions } from "../support/filter-expressions.ts";
import { ethernetPackets } from "../support/filter-packets.ts";
import { randomExpression } from "../support/random-expression.ts";
import { seeded } from "../support/seeded.ts";
import { check, type Fuzzer, type KeepInput, type Random, runRounds, surround } from "./fuzzer.ts";

const texts = [...filterExpressions, ...refusedExpressions];
const words = texts.flatMap((text) => text.split(/\b/));
const frames = ethernetPackets();
const linkTypes = [0, 1, 9, 12, 14, 101, 108, 113, 147, 228, 229, 276];

/** Expressions: no text but is compiled or refused by name, and no packet troubles what it became. */
export const expressionFuzzer: Fuzzer = {
  name: "expression",
  run(seed, rounds) {
    runRounds("expression", seed, rounds, (random, keep) => {
      const text = randomText(random);
      keep(new TextEncoder().encode(text));
      const predicate = compileOrRefuse(text);
      if (predicate !== undefined) checkTame(random, predicate, keep);
    });
  },
};

function compileOrRefuse(text: string): PacketPredicate | undefined {
  try {
    return compileExpression(text);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    check(error.character >= 1 && error.character <= text.length + 1, "position is outside");
    check(error.message.length < 600, "message is long");
    return undefined;
  }
}

function randomText(random: Random): string {
  switch (random.below(5)) {
    case 0:
      return randomExpression(seeded(random.uint32()));
    case 1:
      return Array.from({ length: random.below(40) }, () => random.pick(words)).join(" ");
    case 2:
      return new TextDecoder("latin1").decode(random.bytes(random.below(60)));
    case 3:
      return `${random.pick(texts)} ${random.pick(["and", "or", "and not"])} ${random.pick(texts)}`;
    default: {
      const bytes = new TextEncoder().encode(random.pick(texts));
      return new TextDecoder().decode(random.mutate(bytes));
    }
  }
}

/** The same answer whatever stands around the packet, for every link type. */
function checkTame(random: Random, predicate: PacketPredicate, keep: KeepInput): void {
  for (const linkType of linkTypes) {
    const frame = random.pick(frames).data;
    const data = random.isChance(50) ? random.mutate(frame) : random.bytes(random.below(90));
    const original = random.isChance(80) ? data.length : random.uint32();
    const first = predicate.matches(data, 0, data.length, original, linkType);
    for (const filler of [0x00, 0xff, 0x45]) {
      const offset = random.between(1, 40);
      const bytes = surround(data, offset, filler);
      const second = predicate.matches(bytes, offset, offset + data.length, original, linkType);
      if (first !== second) keep(data);
      check(first === second, `depends on bytes around a packet of link type ${linkType}`);
    }
  }
}
