/** The one place that knows where a worker's code is, from source and inside a compiled binary. */
import { Worker, type WorkerOptions } from "node:worker_threads";

/** Path below src/ without its ending; each is an entry point of scripts/build-binary.ts. */
export type WorkerName = "node/shard.worker" | "record/recorder.worker";

export function spawnWorker(name: WorkerName, options: WorkerOptions): Worker {
  // Compiled, every module's URL is that of the binary's root, and sources end in .js.
  const compiled = import.meta.url.includes("$bunfs");
  const place = compiled ? `./${name}.js` : `../${name}.ts`;
  return new Worker(new URL(place, import.meta.url), options);
}
