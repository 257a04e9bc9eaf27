/** Merges `host a or b or c` and lists of ports into one test. */
import type { Expression, Ipv4Host, Ports } from "./syntax-tree.ts";

/**
 * The same expression with lists as one test: of `host a or b or c` and of ports the alternatives
 * are looked up together, so that a long list costs little more than one of them.
 */
export function mergeLists(expression: Expression): Expression {
  switch (expression.kind) {
    case "not":
      return { kind: "not", inner: mergeLists(expression.inner) };
    case "and":
      return {
        kind: "and",
        left: mergeLists(expression.left),
        right: mergeLists(expression.right),
      };
    case "or":
      return either(mergeLists(expression.left), mergeLists(expression.right));
    default:
      return expression;
  }
}

function either(left: Expression, right: Expression): Expression {
  const both = merged(left, right);
  if (both !== undefined) return both;
  if (left.kind === "or") {
    const last = merged(left.right, right);
    if (last !== undefined) return { kind: "or", left: left.left, right: last };
  }
  return { kind: "or", left, right };
}

/** One test for two alternatives that differ in addresses or ports alone. */
function merged(left: Expression, right: Expression): Expression | undefined {
  if (left.kind === "ipv4-host" && right.kind === "ipv4-host") {
    const isAlike = left.mask === right.mask && left.layers.join() === right.layers.join();
    if (!isAlike || !isListed(left, right)) return undefined;
    return { ...left, addresses: [...left.addresses, ...right.addresses] };
  }
  if (left.kind === "ports" && right.kind === "ports") {
    const isAlike = left.protocols.join() === right.protocols.join();
    if (!isAlike || !isListed(left, right)) return undefined;
    return { ...left, ranges: [...left.ranges, ...right.ranges] };
  }
  return undefined;
}

/** `src and dst` asks both ends for the same one of the list. */
function isListed(left: Ipv4Host | Ports, right: Ipv4Host | Ports): boolean {
  return left.direction === right.direction && left.direction !== "src and dst";
}
