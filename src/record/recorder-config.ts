/** What the recorder runs with: the recording settings, and the file that they name. */
import type { RecordingConfig } from "../config/processor-config.ts";

export type CaptureFormat = "pcapng" | "pcap";

export interface RecorderConfig extends RecordingConfig {
  /** `writeFile`, without links once the recorder is open. */
  readonly path: string;
  readonly format: CaptureFormat;
}

export function recorderConfigOf(config: RecordingConfig): RecorderConfig {
  const path = config.writeFile;
  return { ...config, path, format: path.endsWith(".pcapng") ? "pcapng" : "pcap" };
}

/** True when files are numbered, each a new one, instead of one file at the path itself. */
export function rotates(config: RecorderConfig): boolean {
  return config.rotateSizeBytes > 0 || config.rotateIntervalMs > 0;
}
