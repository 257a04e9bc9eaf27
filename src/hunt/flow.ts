/** State of flow control: open, slow or paused. */
import type { Clock } from "../base/clock.ts";
import { limits } from "../config/limits.ts";
import { FlowControl } from "../wire/gen/lippycat/data/data_pb.ts";
import { Pacer } from "./pacer.ts";

/** How fast the processor lets us send on this stream. */
export type Flow =
  | { readonly kind: "open" }
  | { readonly kind: "slow"; readonly pacer: Pacer }
  | { readonly kind: "paused" };

export const openFlow: Flow = { kind: "open" };

/**
 * The flow after the signal `control` (docs/wire.md#flow-control): SLOW halves the rate measured when
 * it comes, until CONTINUE or RESUME; only RESUME ends a PAUSE. Unknown signals change nothing.
 */
export function nextFlow(
  flow: Flow,
  control: number,
  packetsPerSecond: number,
  clock: Pick<Clock, "monotonicMs">,
): Flow {
  switch (control) {
    case FlowControl.FLOW_CONTINUE:
      return flow.kind === "slow" ? openFlow : flow;
    case FlowControl.FLOW_SLOW: {
      if (flow.kind !== "open") return flow;
      const rate = Math.max(packetsPerSecond / 2, limits.huntSlowPacketsMin);
      return { kind: "slow", pacer: new Pacer(rate, clock) };
    }
    case FlowControl.FLOW_PAUSE:
      return flow.kind === "paused" ? flow : { kind: "paused" };
    case FlowControl.FLOW_RESUME:
      return flow.kind === "open" ? flow : openFlow;
    default:
      return flow;
  }
}
