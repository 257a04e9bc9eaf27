/** The program: runs the command that its arguments name. */
import { keepFreedPages } from "../base/keep-pages.ts";
import { dispatch } from "./dispatch.ts";
import { printFailure } from "./print.ts";

const words = process.argv.slice(2);
// These work for long, and with much data.
if (words[0] === "process" || words[0] === "hunt") keepFreedPages();
/** The settings may not be known when something fails, so the words themselves are asked. */
const debug = /(?:^|\s)--log-level[= ]debug(?:\s|$)/.test(words.join(" "));

async function fail(error: unknown): Promise<never> {
  process.exit(await printFailure("weir", error, debug));
}

process.on("uncaughtException", (error) => void fail(error));
process.on("unhandledRejection", (error) => void fail(error));

// Workers and sockets that a failed command left behind must not keep the process alive.
dispatch(words).then(() => process.exit(), fail);
