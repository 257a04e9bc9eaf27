/** What a node is told about TLS. Plain data, checked; what is in the files is not. */
import type { ServingSettings } from "./serving-settings.ts";
import type { ConfigBelow } from "./setting.ts";

/** Paths of PEM files: the node's certificate first, then those between it and its CA; "" for no CA. */
export type TlsConfig = ConfigBelow<ServingSettings, "tls">;
export type TlsVersion = TlsConfig["minVersion"];
