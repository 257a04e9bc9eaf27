/** A broken invariant is a bug of ours: it throws and ends the thread. Bad input never comes here. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

export class AssertionError extends Error {
  override readonly name = "AssertionError";
}
