/** Compiles a packet filter expression; the entry to this room. */
import { limits } from "../config/limits.ts";
import { countTests } from "./count-tests.ts";
import { ExpressionError } from "./expression-error.ts";
import { generateTest } from "./generate.ts";
import { type LinkForm, linkFormOf } from "./link-layout.ts";
import { mergeLists } from "./merge-lists.ts";
import { type PacketTest, yes } from "./packet-test.ts";
import { parseExpression } from "./parser.ts";
import type { Expression } from "./syntax-tree.ts";

/**
 * The room of packet filter expressions: the language of libpcap (pcap-filter(7)), compiled to a
 * predicate on the bytes of a packet. The meaning is that of `tcpdump EXPRESSION` for the link type of
 * each packet. docs/decisions/0007-own-packet-filter-expressions.md says where it ends, and
 * test/interop/expression.test.ts compares.
 *
 * lexer → parser (identify, primitives) → syntax tree (merge-lists) → generate, once a link type → closures.
 */
export interface PacketPredicate {
  /**
   * Whether the packet `bytes[start, end)`, of `originalLength` bytes on the wire and of this LINKTYPE,
   * matches. Never throws; reads only `bytes[start, end)`.
   */
  matches(
    bytes: Uint8Array,
    start: number,
    end: number,
    originalLength: number,
    linkType: number,
  ): boolean;
}

/** Throws ExpressionError. A blank text matches every packet. */
export function compileExpression(text: string): PacketPredicate {
  if (text.length > limits.expressionCharsMax) {
    throw tooMuch(text, `at most ${limits.expressionCharsMax} characters are allowed`);
  }
  if (text.trim() === "") return { matches: () => true };
  const expression = mergeLists(parseExpression(text));
  const tests = countTests(expression);
  if (tests <= limits.expressionTestsMax) return new CompiledExpression(expression);
  throw tooMuch(
    text,
    `at most ${limits.expressionTestsMax} tests are allowed, and there are ${tests}; a list as in ` +
      "port 80 or 443 counts once",
  );
}

function tooMuch(text: string, possible: string): ExpressionError {
  const end = { kind: "end", text: "", character: text.length + 1 } as const;
  return new ExpressionError(end, `is too far away: ${possible}`);
}

class CompiledExpression implements PacketPredicate {
  private readonly expression: Expression;
  private readonly ethernet: PacketTest;
  /** Made when the first packet of a form comes: most hunters have one. */
  private readonly others = new Map<LinkForm, PacketTest>();

  constructor(expression: Expression) {
    this.expression = expression;
    this.ethernet = generateTest(expression, "ethernet");
  }

  matches(
    bytes: Uint8Array,
    start: number,
    end: number,
    originalLength: number,
    linkType: number,
  ): boolean {
    const form = linkFormOf(bytes, start, end, linkType);
    const test = form === "ethernet" ? this.ethernet : this.testOf(form);
    return test(bytes, start, end, originalLength >>> 0) === yes;
  }

  private testOf(form: LinkForm): PacketTest {
    let test = this.others.get(form);
    if (test === undefined) {
      test = generateTest(this.expression, form);
      this.others.set(form, test);
    }
    return test;
  }
}
