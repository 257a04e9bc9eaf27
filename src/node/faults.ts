/**
 * Faults on demand, for the behaviour tests. Only builds with `--faults` hold this; it is not in what
 * is released. SIGUSR2 does what the environment variable WEIR_FAULT says:
 *
 *   shard-throw=N      the loop of shard N throws
 *   shard-hang=N       the loop of shard N turns on the spot for good
 *   shard-stall=N      the loop of shard N waits until it is ended
 *   recorder-throw     the recorder throws
 *   recorder-stall=MS  the recorder stands still for that long, or until the next SIGUSR2, as on a
 *                      disk that does not answer
 */
import type { Events } from "../telemetry/events.ts";
import { nodeEvent } from "./events.ts";
import type { RecorderThread } from "./recorder-thread.ts";
import type { ShardThread } from "./shard-thread.ts";

export function installFaults(
  shards: readonly ShardThread[],
  recorder: RecorderThread | undefined,
  events: Events,
): void {
  const [name = "", value = "0"] = (process.env["WEIR_FAULT"] ?? "").split("=");
  let gate: Int32Array | undefined;
  process.on("SIGUSR2", () => {
    events.tell(nodeEvent.fault, `a fault was asked for: ${name}`, { value });
    const number = Number(value);
    if (name === "shard-throw") shards[number]?.fault("throw");
    else if (name === "shard-hang") shards[number]?.fault("hang");
    else if (name === "shard-stall") shards[number]?.fault("stall");
    else if (name === "recorder-throw") recorder?.fault({ type: "fault", fault: "throw" });
    else if (name === "recorder-stall") gate = toggleStall(recorder, number, gate);
  });
}

/** Begins a stall, or ends the one that `gate` belongs to; returns the gate of the one that began. */
function toggleStall(
  recorder: RecorderThread | undefined,
  forMs: number,
  gate: Int32Array | undefined,
): Int32Array | undefined {
  if (gate !== undefined) {
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
    return undefined;
  }
  const shared = new SharedArrayBuffer(4);
  recorder?.fault({ type: "fault", fault: "stall", forMs, gate: shared });
  return new Int32Array(shared);
}
