/** The rows of a command that serves: TLS or plain text, one of which has to be chosen. */
import { setting } from "./setting.ts";
import { oneOf, pathKind, switchKind } from "./value-kinds.ts";

/** TLS versions that a node may begin with, as users write them. */
const tlsVersions = ["1.2", "1.3"] as const;

const group = "Security (choose TLS or --insecure)";

export function servingSettings() {
  return {
    insecure: choice(
      "insecure",
      ["insecure", "processor.insecure"],
      "No TLS: anyone on the network can read and send packets",
    ),
    useTls: choice(
      "tls",
      ["processor.tls.enabled"],
      "Use TLS; --tls-cert with --tls-key implies it",
    ),
    tlsCertFile: file(
      "tls-cert",
      "cert_file",
      "Certificate of the node, followed by intermediate certificates (PEM)",
    ),
    tlsKeyFile: file("tls-key", "key_file", "Private key of the certificate (PEM)"),
    tlsCaFile: file("tls-ca", "ca_file", "CA that issues the clients' certificates (PEM)"),
    tlsClientAuth: choice(
      "tls-client-auth",
      ["processor.tls.client_auth"],
      "Refuse clients without a certificate from that CA",
    ),
    tlsMinVersion: setting({
      flag: "tls-min-version",
      keys: ["processor.tls.min_version"],
      kind: { ...oneOf(tlsVersions), yamlTypes: ["number"] },
      fallback: "1.3",
      help: "Lowest TLS version to accept",
      group,
    }),
    production: setting({
      flag: "",
      keys: [],
      environment: "LIPPYCAT_PRODUCTION",
      kind: switchKind,
      fallback: false,
      help: "Refuse to start without TLS and client certificates",
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
