/** The configuration that `weir hunt` runs with. */
import type { DialConfig } from "./dial-config.ts";
import type { Endpoint } from "./endpoint.ts";
import type { LogFormat, LogLevel } from "./log-config.ts";

export const progressModes = ["auto", "bar", "plain", "none"] as const;
/** `auto` is a bar on a terminal and plain lines elsewhere. */
export type ProgressMode = (typeof progressModes)[number];

/** What `weir hunt` runs with: checked values from flags, environment, YAML and defaults. */
export interface HuntConfig {
  /** Path of a pcap or pcapng file, or `-` for standard input. */
  readonly read: string;
  readonly processor: Endpoint;
  readonly dial: DialConfig;
  readonly hunterId: string;
  /** Interface name for a capture that names none; "" leaves it to the reader. */
  readonly interfaceName: string;
  /** How many times the input is sent; 0 is for ever. Always 1 for standard input. */
  readonly loopCount: number;
  /** Packets a second; 0 is as fast as the processor takes them. */
  readonly ratePackets: number;
  /** Packets in one batch. */
  readonly batchPackets: number;
  /** Longest wait before a batch that is not full is sent. */
  readonly batchTimeoutMs: number;
  readonly progress: ProgressMode;
  readonly logFormat: LogFormat;
  readonly logLevel: LogLevel;
}
