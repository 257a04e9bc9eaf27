/** How a node serves: TLS or plain text, judged and made a configuration. */
import type { ServingSettings } from "../config/serving-settings.ts";
import { configBelow, type Origin, placeOf, type ResolvedTable } from "../config/setting.ts";
import type { TlsConfig } from "../config/tls-config.ts";
import type { Loaded } from "./load-settings.ts";

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
    if (production.value)
      found.push(`${place}: ${placeOf(production.origin)} demands TLS; unset it, or use TLS`);
    return found;
  }
  // Another problem may be the very flag that is missed here.
  if (problems.some((text) => /insecure|tls/.test(text))) return found;
  if (isOff(settings)) return [`${placeOf(settings.useTls.origin)} is false: ${choose}`];
  if (tls === undefined && !production.value) return [choose];
  return tlsProblems(settings);
}

const choose =
  "choose TLS (--tls-cert FILE and --tls-key FILE) " +
  "or no encryption (--insecure, for a network that you trust)";

function tlsProblems(settings: Serving): string[] {
  const { tlsCertFile, tlsKeyFile, tlsCaFile, tlsClientAuth, production } = settings;
  const found: string[] = [];
  if (tlsCertFile.value === "" && tlsKeyFile.value === "") {
    const wish = tlsWish(settings) ?? production.origin;
    found.push(`${placeOf(wish)}: needs --tls-cert FILE and --tls-key FILE as well`);
  } else if (tlsCertFile.value === "") {
    found.push(`${placeOf(tlsKeyFile.origin)}: needs --tls-cert FILE as well`);
  } else if (tlsKeyFile.value === "") {
    found.push(`${placeOf(tlsCertFile.origin)}: needs --tls-key FILE as well`);
  }
  if (tlsClientAuth.value && tlsCaFile.value === "") {
    const place = placeOf(tlsClientAuth.origin);
    found.push(
      `${place}: needs --tls-ca FILE as well, the CA that issues the clients' certificates`,
    );
  }
  if (production.value && !tlsClientAuth.value) {
    const place = placeOf(production.origin);
    found.push(`${place}: demands client certificates: give --tls-client-auth and --tls-ca FILE`);
  }
  return found;
}

/** TLS is switched off in so many words. */
function isOff({ useTls }: Serving): boolean {
  return !useTls.value && useTls.origin.source !== "default";
}

/** Where TLS is asked for. */
function tlsWish(settings: Serving): Origin | undefined {
  const { useTls, tlsCertFile, tlsKeyFile, tlsCaFile, tlsClientAuth, tlsMinVersion } = settings;
  if (useTls.value) return useTls.origin;
  if (isOff(settings)) return undefined;
  const others = [tlsCertFile, tlsKeyFile, tlsCaFile, tlsClientAuth];
  const wish = others.find(({ value }) => value !== false && value !== "")?.origin;
  return wish ?? (tlsMinVersion.origin.source === "default" ? undefined : tlsMinVersion.origin);
}

/** Undefined when the node serves without TLS. */
export function tlsConfigOf(settings: Serving): TlsConfig | undefined {
  return settings.insecure.value ? undefined : configBelow<ServingSettings, "tls">(settings, "tls");
}
