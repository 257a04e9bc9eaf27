/** The attacks of test/interop/hostile, a program in Go, and what it prints. */
import { expect } from "bun:test";
import { dirname, join } from "node:path";
import { GoProgram } from "./go-program.ts";
import type { RunningProcessor } from "./weir-process.ts";

export const attacker: GoProgram = new GoProgram(join(dirname(import.meta.dir), "interop/hostile"));

/** The code of RFC 9113 section 7 that a flood ends with. */
export const enhanceYourCalm = 11;

/** `main.go` has the fields. */
export interface AttackResult {
  readonly error: string;
  readonly sent: number;
  readonly closed: boolean;
  readonly milliseconds: number;
  /** -1 when none came. */
  readonly goAway: number;
  readonly reason: string;
  readonly resets: number;
  readonly refused: number;
}

const started: Bun.Subprocess[] = [];

/** Runs one attack to its end; rejects when it could not be made. */
export async function attack(
  node: RunningProcessor,
  name: string,
  flags: readonly string[],
): Promise<AttackResult> {
  const command = [attacker.path, "-attack", name, "-address", node.address, ...flags];
  const child = Bun.spawn(command, { stdout: "pipe" });
  started.push(child);
  const result = JSON.parse(await new Response(child.stdout).text()) as AttackResult;
  await child.exited;
  expect(result.error).toBe("");
  return result;
}

/** Ends the attacks that are under way. */
export function endAttacks(): void {
  for (const child of started) child.kill("SIGKILL");
}
