/**
 * Received chunks are short-lived buffers outside of the JavaScript heap, and the collector counts
 * them late: under load a shard's memory grew by a hundred megabytes of garbage, and control's by as
 * much of answers that it had encoded. Collecting the young
 * generation every 4 MiB costs 0.1 ms to 0.2 ms.
 */
import { edenGC, fullGC } from "bun:jsc";
import { limits } from "../config/limits.ts";

let received = 0;
let abandoned = 0;

/**
 * Counts bytes that this thread is done with; collects now and then. Not at once: the chunk that is
 * being read would outlive the young generation, and wait for a full collection. That was 8 MB of each second.
 */
export function noteGarbage(bytes: number): void {
  received += bytes;
  if (received < limits.collectAfterBytes) return;
  received = 0;
  setImmediate(edenGC);
}

/**
 * Counts bytes of answers that nobody came to read. They have outlived the young generation: without
 * a full collection, 7 ms to 10 ms, a flood of them took a gigabyte where 64 MiB are kept. HTTP/2
 * streams outlive it as well.
 */
export function noteAbandoned(bytes: number): void {
  abandoned += bytes;
  if (abandoned < limits.collectAfterBytes) return;
  abandoned = 0;
  fullGC();
}
