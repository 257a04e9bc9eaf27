/** What `weir hunt` runs with: the values of its table. */
import type { DialConfig } from "./dial-config.ts";
import type { DialSettings } from "./dial-settings.ts";
import type { HuntSettings } from "./hunt-settings.ts";
import type { ConfigOf } from "./setting.ts";

export interface HuntConfig extends ConfigOf<Omit<HuntSettings, keyof DialSettings>> {
  readonly dial: DialConfig;
}
