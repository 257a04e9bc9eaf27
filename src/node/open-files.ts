/** What the limit of open files (`ulimit -n`) leaves for connections. */
import { readFileSync } from "node:fs";
import { limits } from "../config/limits.ts";

/** Files that this process may have open; without bound where the system does not say. */
export function openFilesMax(): number {
  try {
    const text = readFileSync("/proc/self/limits", "utf8");
    // The soft limit, which Bun has raised to the hard one at its start.
    const [, soft] = /^Max open files +(\d+)/m.exec(text) ?? [];
    return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/**
 * Connections over all shards. Were they let in until there are no more descriptors, the recorder
 * would get none for its next file, and every one that is freed would go to the next client.
 */
export function connectionsFor(openFiles: number): number {
  const reserved = Math.min(limits.openFilesReserved, Math.ceil(openFiles / 2));
  return Math.min(limits.connectionsMax, openFiles - reserved);
}
