/** Errors for whoever called, on stderr. */
import { errorText } from "../base/errors.ts";
import { escapeUnsafe } from "../base/safe-text.ts";
import { createLineWriter } from "../telemetry/line-writer.ts";
import { type ExitCode, exitCodeOf } from "./exit-codes.ts";

/** `weir process: …` lines on stderr, each safe for a terminal. */
export function printErrors(who: string, lines: readonly string[]): Promise<void> {
  return print(
    2,
    lines.map((line) => `${who}: ${escapeUnsafe(line)}`),
  );
}

/**
 * The end of every failure: one line, and its exit code. A stack is for whoever develops Weir, so
 * it is shown with --log-level debug only.
 */
export async function printFailure(who: string, error: unknown, debug: boolean): Promise<ExitCode> {
  await printErrors(who, [errorText(error)]);
  if (debug && error instanceof Error)
    await print(2, (error.stack ?? "").split("\n").map(escapeUnsafe));
  return exitCodeOf(error);
}

async function print(fd: number, lines: readonly string[]): Promise<void> {
  const writer = createLineWriter({ fd, droppedLine: () => "…" });
  for (const line of lines) writer.write(line);
  await writer.flush();
}
