/** The configuration that is posted to the recorder. */
import type { AckMode } from "../config/processor-config.ts";

export type CaptureFormat = "pcapng" | "pcap";

/** Plain data, so that it can be posted to the recorder's thread. 0 switches a rotation off. */
export interface RecorderConfig {
  readonly path: string;
  readonly format: CaptureFormat;
  readonly ack: AckMode;
  readonly rotateSizeBytes: number;
  readonly rotateIntervalMs: number;
  readonly rotateFiles: number;
  readonly diskReserveBytes: number;
}

/** True when files are numbered, each a new one, instead of one file at the path itself. */
export function rotates(config: RecorderConfig): boolean {
  return config.rotateSizeBytes > 0 || config.rotateIntervalMs > 0;
}
