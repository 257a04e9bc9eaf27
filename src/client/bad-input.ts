/** The error of a file of filters or ids that cannot be used. */
import { WeirError } from "../base/errors.ts";
import { limits } from "../config/limits.ts";

/** What is wrong with a file of filters or ids, one line a problem. Nothing was sent. */
export class BadInput extends WeirError {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    const shown = problems.slice(0, limits.clientProblemsMax);
    const more = problems.length - shown.length;
    if (more > 0) shown.push(`and ${more.toLocaleString("en-US")} more`);
    super("bad-input", shown.join("; "));
    this.problems = shown;
  }
}
