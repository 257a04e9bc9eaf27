/** What a hunt needs of its process; a test gives its own. */
import { type Clock, systemClock } from "../base/clock.ts";
import { processStopSignals, type StopSignals } from "../base/stop-signals.ts";
import { limits } from "../config/limits.ts";
import type { Log } from "../telemetry/log.ts";
import type { Terminal } from "./progress.ts";

/** What a hunt needs of the process it runs in; a test gives its own. */
export interface HuntHost {
  /** For the registration. */
  readonly version: string;
  readonly clock: Clock;
  readonly stopSignals: StopSignals;
  /** Ends the process at once, at a second signal. */
  readonly exit: (code: number) => void;
  /** Undefined when stderr is not a terminal that a line can be redrawn on. */
  readonly terminal: Terminal | undefined;
  readonly colours: boolean;
  /** Instead of one made from the configuration. */
  readonly log: Log | undefined;
  readonly heartbeatMs: number;
  readonly reconnectMsMin: number;
  readonly stopMsMax: number;
}

export function processHost(version = ""): HuntHost {
  const { NO_COLOR: noColour, TERM: term } = process.env;
  const isTerminal = process.stderr.isTTY === true && term !== "dumb";
  // A terminal that is closed does not end the hunt before SIGHUP has ended it in order.
  if (isTerminal) process.stderr.on("error", () => {});
  return {
    version,
    clock: systemClock,
    stopSignals: processStopSignals,
    exit: (code) => process.exit(code),
    terminal: isTerminal ? process.stderr : undefined,
    colours: isTerminal && (noColour === undefined || noColour === ""),
    log: undefined,
    heartbeatMs: limits.huntHeartbeatMs,
    reconnectMsMin: limits.huntReconnectMsMin,
    stopMsMax: limits.huntStopMsMax,
  };
}
