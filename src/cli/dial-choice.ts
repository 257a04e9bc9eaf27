/** How a command travels to a node: TLS or plain text, judged and made a configuration. */
import type { DialConfig } from "../config/dial-config.ts";
import type { DialSettings } from "../config/dial-settings.ts";
import { configBelow, placeOf, type Resolved, type ResolvedTable } from "../config/setting.ts";
import type { Loaded } from "./load-settings.ts";

type Dial = ResolvedTable<DialSettings>;

/**
 * What is wrong with how to reach the node. Whether traffic is encrypted is never a default: the user
 * says --insecure, or any of the flags of TLS.
 */
export function dialProblems({
  settings,
  problems,
}: Pick<Loaded<DialSettings>, "settings" | "problems">): string[] {
  const { insecure, production, tlsSkipVerify, tlsCertFile, tlsKeyFile } = settings;
  const [tls] = tlsWishes(settings);
  const found: string[] = [];
  const mode = placeOf(production.origin);
  if (insecure.value && tls !== undefined) {
    found.push(`${placeOf(tls.origin)} and ${placeOf(insecure.origin)} exclude each other`);
  }
  if (production.value && insecure.value) {
    found.push(`${placeOf(insecure.origin)}: ${mode} demands TLS; unset it, or use TLS`);
  }
  if (production.value && tlsSkipVerify.value) {
    found.push(`${placeOf(tlsSkipVerify.origin)}: ${mode} demands that certificates are checked`);
  }
  if ((tlsCertFile.value === "") !== (tlsKeyFile.value === "")) {
    const [given, other] =
      tlsKeyFile.value === "" ? [tlsCertFile, "--tls-key"] : [tlsKeyFile, "--tls-cert"];
    found.push(`${placeOf(given.origin)}: needs ${other} as well`);
  }
  // Another problem may be the very flag that should have chosen.
  const isChosen = insecure.value || tls !== undefined;
  if (!isChosen && !problems.some((text) => /insecure|tls/.test(text))) {
    found.push(
      "choose TLS (--tls, and --tls-ca FILE for a CA of your own) " +
        "or no encryption (--insecure, for a network that you trust)",
    );
  }
  return found;
}

/** What a user should know who gave settings that are right. */
export function dialWarnings({ tlsSkipVerify, insecure, apiKeyFile }: Dial): string[] {
  const found: string[] = [];
  if (tlsSkipVerify.value) {
    const place = placeOf(tlsSkipVerify.origin);
    found.push(`${place}: the node's certificate is not checked; any program can pose as the node`);
  }
  if (insecure.value && apiKeyFile.value !== "") {
    found.push(
      `${placeOf(apiKeyFile.origin)}: without TLS, anyone on the network can read the key`,
    );
  }
  return found;
}

export function dialConfigOf(settings: Dial): DialConfig {
  const { insecure, apiKeyFile } = settings;
  const tls = insecure.value ? undefined : configBelow<DialSettings, "tls">(settings, "tls");
  return { tls, apiKeyFile: apiKeyFile.value };
}

/** Whatever asks for TLS. */
function tlsWishes({ useTls, tlsCaFile, tlsCertFile, tlsKeyFile, tlsSkipVerify }: Dial) {
  const all: readonly Resolved<string | boolean>[] = [
    useTls,
    tlsCaFile,
    tlsCertFile,
    tlsKeyFile,
    tlsSkipVerify,
  ];
  return all.filter(({ value }) => value !== false && value !== "");
}
