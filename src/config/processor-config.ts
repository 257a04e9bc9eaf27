/** The configuration that `weir process` runs with. */
import type { AccessConfig } from "./access-config.ts";
import type { Endpoint } from "./endpoint.ts";
import type { LogFormat, LogLevel } from "./log-config.ts";
import type { TlsConfig } from "./tls-config.ts";

export const ackModes = ["memory", "written", "synced"] as const;
/**
 * When a batch is acknowledged: taken into the recorder's queue (a waiver: it is lost when the node is
 * killed), handed to the system, or on the disk by fdatasync.
 */
export type AckMode = (typeof ackModes)[number];

/**
 * What `weir process` runs with: checked values from flags, environment, YAML and defaults.
 * Plain data, so that it can be posted to a worker. Keys and defaults: src/cli/flags.ts.
 */
export interface ProcessorConfig {
  /** An empty host of `:50051` becomes `::` when IPv6 is there and `0.0.0.0` otherwise, when bound. */
  readonly listen: Endpoint;
  /** Undefined serves everybody unencrypted. */
  readonly tls: TlsConfig | undefined;
  readonly processorId: string;
  /** 0 admits no hunter (docs/wire.md#flags). */
  readonly maxHunters: number;
  /** 0 is no limit of its own (docs/wire.md#flags). */
  readonly maxSubscribers: number;
  /** Path of the capture, ending in `.pcapng` or `.pcap`; "" records nothing. */
  readonly writeFile: string;
  /** YAML file of the filters; "" keeps them in memory alone. */
  readonly filterFile: string;
  readonly access: AccessConfig;
  /** Log a line of counters every `statsIntervalMs`. */
  readonly stats: boolean;
  readonly statsIntervalMs: number;
  readonly enableDetection: boolean;
  /** Ingest shards. */
  readonly workers: number;
  readonly ack: AckMode;
  /** Start a new file at this size; 0 never does. */
  readonly rotateSizeBytes: number;
  /** Start a new file after this long; 0 never does. */
  readonly rotateIntervalMs: number;
  /** Files to keep, the oldest is deleted; 0 keeps all. */
  readonly rotateFiles: number;
  /** Free bytes to leave on the disk; 0 reserves nothing. */
  readonly diskReserveBytes: number;
  /** Batches that may wait for one subscriber. */
  readonly subscriberBuffer: number;
  readonly messageBytesMax: number;
  readonly logFormat: LogFormat;
  readonly logLevel: LogLevel;
}
