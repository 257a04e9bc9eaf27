/** What everything that handles capture files works with. */
import type { Clock } from "../base/clock.ts";
import type { Events } from "../telemetry/events.ts";
import type { RecorderConfig } from "./recorder-config.ts";
import type { RecorderTally } from "./recorder-tally.ts";

/** What everything that handles capture files works with. */
export interface SeriesContext {
  readonly config: RecorderConfig;
  readonly clock: Clock;
  readonly events: Events;
  readonly tally: RecorderTally;
}
