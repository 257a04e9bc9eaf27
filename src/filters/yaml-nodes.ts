/** Small questions about nodes of the YAML parser. */
import { isScalar } from "yaml";

/** Where a node's own text begins and ends in what was parsed; nothing at 0 for no node. */
export function rangeOf(node: unknown): readonly [start: number, end: number] {
  const range = (node as { range?: readonly number[] | null } | null | undefined)?.range;
  return [range?.[0] ?? 0, range?.[1] ?? 0];
}

/** No node, or one that says null. */
export function isNullNode(node: unknown): boolean {
  return node === null || node === undefined || (isScalar(node) && node.value === null);
}
