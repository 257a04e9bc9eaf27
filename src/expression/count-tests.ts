/** Counts the tests of an expression, to bound what a packet costs. */
import type { Arithmetic, Expression } from "./syntax-tree.ts";

/** What a packet may cost at most: the tests of an expression, and each step of its arithmetic. */
export function countTests(expression: Expression): number {
  switch (expression.kind) {
    case "and":
    case "or":
      return countTests(expression.left) + countTests(expression.right);
    case "not":
      return countTests(expression.inner);
    case "relation":
      return 1 + countSteps(expression.left) + countSteps(expression.right);
    default:
      return 1;
  }
}

function countSteps(arithmetic: Arithmetic): number {
  switch (arithmetic.kind) {
    case "number":
    case "length":
      return 0;
    case "operation":
      return 1 + countSteps(arithmetic.left) + countSteps(arithmetic.right);
    case "load":
      return 1 + countSteps(arithmetic.index);
  }
}
