/**
 * Faults on demand, for the behaviour tests. Only builds with `--faults` hold this; it is not in what
 * is released. SIGUSR2 does what the environment variable WEIR_FAULT says:
 *
 *   shard-throw=N      the loop of shard N throws
 *   shard-hang=N       the loop of shard N stands still for good
 *   recorder-throw     the recorder throws
 *   recorder-stall=MS  the recorder stands still for that long, as on a disk that does not answer
 */
import type { Log } from "../telemetry/log.ts";
import type { RecorderThread } from "./recorder-thread.ts";
import type { ShardThread } from "./shard-thread.ts";

export function installFaults(
  shards: readonly ShardThread[],
  recorder: RecorderThread | undefined,
  log: Log,
): void {
  const [name = "", value = "0"] = (process.env["WEIR_FAULT"] ?? "").split("=");
  process.on("SIGUSR2", () => {
    log.warn("fault", `a fault was asked for: ${name}`, { value });
    const number = Number(value);
    if (name === "shard-throw") shards[number]?.fault("throw");
    else if (name === "shard-hang") shards[number]?.fault("hang");
    else if (name === "recorder-throw") recorder?.fault("throw", 0);
    else if (name === "recorder-stall") recorder?.fault("stall", number);
  });
}
