/** The rows of a command that serves: TLS or plain text, one of which has to be chosen. */
import { setting } from "../config/setting.ts";
import { type TlsVersion, tlsVersions } from "../config/tls-config.ts";
import { oneOf, pathKind, switchKind } from "../config/value-kinds.ts";

const group = "Security (one of TLS and --insecure is needed)";

export function servingSettings() {
  return {
    insecure: choice(
      "insecure",
      ["insecure", "processor.insecure"],
      "No TLS: anyone on the network can read and send packets",
    ),
    tls: choice("tls", ["processor.tls.enabled"], "TLS; a certificate and a key say the same"),
    tlsCert: file("tls-cert", "cert_file", "Own certificate, and those above it (PEM)"),
    tlsKey: file("tls-key", "key_file", "Key of the certificate (PEM)"),
    tlsCa: file("tls-ca", "ca_file", "Authority that clients' certificates come from (PEM)"),
    tlsClientAuth: choice(
      "tls-client-auth",
      ["processor.tls.client_auth"],
      "Refuse clients without a certificate of that authority",
    ),
    tlsMinVersion: setting<TlsVersion>({
      flag: "tls-min-version",
      keys: ["processor.tls.min_version"],
      kind: { ...oneOf(tlsVersions), yamlTypes: ["number"] },
      fallback: "1.3",
      help: "Oldest version of TLS to take",
      group,
    }),
    production: setting({
      flag: "",
      keys: [],
      environment: "LIPPYCAT_PRODUCTION",
      kind: switchKind,
      fallback: false,
      help: "Refuse to run without TLS and client certificates",
      group,
    }),
  };
}

export type ServingSettings = ReturnType<typeof servingSettings>;

function choice(flag: string, keys: readonly string[], help: string) {
  return setting({ flag, keys, kind: switchKind, fallback: false, help, group });
}

function file(flag: string, key: string, help: string) {
  const keys = [`processor.tls.${key}`];
  return setting({ flag, keys, kind: pathKind, fallback: "", help, group });
}
