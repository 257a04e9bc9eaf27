/** How a client of a node travels and who it says it is. Plain data, checked; the files are not. */
import type { DialSettings } from "./dial-settings.ts";
import type { ConfigBelow, ConfigOf } from "./setting.ts";

export interface DialConfig extends ConfigOf<Pick<DialSettings, "apiKeyFile">> {
  /** Undefined sends everything unencrypted. */
  readonly tls: DialTls | undefined;
}

/** Paths of PEM files, "" for none; without a CA those that are built in count. */
export type DialTls = ConfigBelow<DialSettings, "tls">;
