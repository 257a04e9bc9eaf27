/** What a question to a node brought: JSON for programs, lines for people. */
import type { WeirError } from "../base/errors.ts";
import type { Screen } from "./screen.ts";

/** What a question brought, for programs and for people. */
export interface Answer {
  readonly json: unknown;
  readonly lines: (screen: Screen) => readonly string[];
  /** What the answer leaves out. */
  readonly warnings?: readonly string[];
  /** Parts of what was asked that did not happen; the rest did. */
  readonly failures?: readonly WeirError[];
}
