/** Checks of the settings that say how a node serves: TLS or --insecure, and its files. */
import { type Origin, placeOf, type ResolvedTable } from "../config/setting.ts";
import type { TlsConfig } from "../config/tls-config.ts";
import type { Loaded } from "./load-settings.ts";
import type { ServingSettings } from "./serving-flags.ts";

type Serving = ResolvedTable<ServingSettings>;

/**
 * What is wrong with how the node serves. Whether traffic is encrypted is never a default: the user
 * says --insecure, or gives a certificate and its key.
 */
export function servingProblems({
  settings,
  problems,
}: Pick<Loaded<ServingSettings>, "settings" | "problems">): string[] {
  const { insecure, production } = settings;
  const tls = tlsWish(settings);
  const found: string[] = [];
  if (insecure.value) {
    const place = placeOf(insecure.origin);
    if (tls !== undefined) found.push(`${placeOf(tls)} and ${place} exclude each other`);
    if (production.value) found.push(`${place}: ${placeOf(production.origin)} demands TLS`);
    return found;
  }
  // Another problem may be the very flag that is missed here.
  if (problems.some((text) => /insecure|tls/.test(text))) return found;
  if (isOff(settings)) return [`${placeOf(settings.tls.origin)} is false: ${choose}`];
  if (tls === undefined && !production.value) return [choose];
  return tlsProblems(settings);
}

const choose =
  "choose how traffic travels: --tls-cert FILE with --tls-key FILE; " +
  "or --insecure, unencrypted, for a network you trust";

function tlsProblems(settings: Serving): string[] {
  const { tlsCert, tlsKey, tlsCa, tlsClientAuth, production } = settings;
  const found: string[] = [];
  if (tlsCert.value === "" && tlsKey.value === "") {
    const wish = tlsWish(settings) ?? production.origin;
    found.push(`${placeOf(wish)}: needs --tls-cert FILE and --tls-key FILE as well`);
  } else if (tlsCert.value === "") {
    found.push(`${placeOf(tlsKey.origin)}: needs --tls-cert FILE as well`);
  } else if (tlsKey.value === "") {
    found.push(`${placeOf(tlsCert.origin)}: needs --tls-key FILE as well`);
  }
  if (tlsClientAuth.value && tlsCa.value === "") {
    const place = placeOf(tlsClientAuth.origin);
    found.push(`${place}: needs --tls-ca FILE, which says whose certificates count`);
  }
  if (production.value && !tlsClientAuth.value) {
    const place = placeOf(production.origin);
    found.push(`${place}: demands client certificates: --tls-client-auth and --tls-ca FILE`);
  }
  return found;
}

/** TLS is switched off in so many words. */
function isOff({ tls }: Serving): boolean {
  return !tls.value && tls.origin.source !== "default";
}

/** Where TLS is asked for. */
function tlsWish(settings: Serving): Origin | undefined {
  const { tls, tlsCert, tlsKey, tlsCa, tlsClientAuth, tlsMinVersion } = settings;
  if (tls.value) return tls.origin;
  if (isOff(settings)) return undefined;
  const others = [tlsCert, tlsKey, tlsCa, tlsClientAuth];
  const wish = others.find(({ value }) => value !== false && value !== "")?.origin;
  return wish ?? (tlsMinVersion.origin.source === "default" ? undefined : tlsMinVersion.origin);
}

/** Undefined when the node serves without TLS. */
export function tlsConfigOf(settings: Serving): TlsConfig | undefined {
  if (settings.insecure.value) return undefined;
  return {
    certFile: settings.tlsCert.value,
    keyFile: settings.tlsKey.value,
    caFile: settings.tlsCa.value,
    clientAuth: settings.tlsClientAuth.value,
    minVersion: settings.tlsMinVersion.value,
  };
}
