/** What `weir process` and its threads run with: the values of the tables. */
import type { AccessConfig } from "./access-config.ts";
import type { ProcessorSettings, RecordingSettings } from "./processor-settings.ts";
import type { ServingSettings } from "./serving-settings.ts";
import type { ConfigOf } from "./setting.ts";
import type { TlsConfig } from "./tls-config.ts";

/** What every thread is told, once. Plain data, so that it can be posted to a worker. */
export interface ThreadConfig extends ConfigOf<Omit<ProcessorSettings, keyof ServingSettings>> {
  /** Undefined serves everybody unencrypted. */
  readonly tls: TlsConfig | undefined;
}

export interface ProcessorConfig extends ThreadConfig {
  readonly access: AccessConfig;
}

export type RecordingConfig = ConfigOf<RecordingSettings>;
