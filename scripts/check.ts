/** `npm run check`: the static part of `npm test`. */
import { runStaticChecks } from "./static-checks.ts";

const { passed, failed } = await runStaticChecks();
console.log(`${passed.length} passed, ${failed.length} failed, 0 skipped`);
process.exitCode = failed.length > 0 ? 1 : 0;
