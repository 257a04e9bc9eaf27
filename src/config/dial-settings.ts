/** The rows of every command that connects to a node; the columns are those of setting.ts. */
import { setting, type UnsupportedName } from "./setting.ts";
import { pathKind, switchKind } from "./value-kinds.ts";

/** How to reach the node, and who we are. `section` is that of the file and of the environment. */
export function dialSettings(section: string) {
  const group = "Security (choose --tls or --insecure)";
  const file = (flag: string, key: string, help: string) =>
    setting({
      flag,
      keys: [`${section}.tls.${key}_file`, `${section}.tls.${key}`],
      kind: pathKind,
      fallback: "",
      help,
      group,
    });
  const choice = (flag: string, keys: readonly string[], help: string) =>
    setting({ flag, keys, kind: switchKind, fallback: false, help, group });
  return {
    insecure: choice(
      "insecure",
      ["insecure", `${section}.insecure`],
      "No TLS: anyone on the network can read and change what is sent",
    ),
    useTls: choice(
      "tls",
      [`${section}.tls.enabled`],
      "Use TLS 1.3; the other --tls flags imply it",
    ),
    tlsCaFile: {
      ...file("tls-ca", "ca", "CA that issued the node's certificate (PEM)"),
      fallbackText: "the public CAs",
    },
    tlsCertFile: file("tls-cert", "cert", "Client certificate, for a node that requires one (PEM)"),
    tlsKeyFile: file("tls-key", "key", "Private key of the certificate (PEM)"),
    tlsSkipVerify: choice(
      "tls-skip-verify",
      [`${section}.tls.skip_verify`],
      "Accept any certificate: an attacker in between can read and change what is sent",
    ),
    apiKeyFile: setting({
      flag: "api-key-file",
      keys: [`${section}.api_key_file`],
      kind: pathKind,
      fallback: "",
      help: "File with the API key, for a node that requires one",
      group,
    }),
    production: setting({
      flag: "",
      keys: [],
      environment: "LIPPYCAT_PRODUCTION",
      kind: switchKind,
      fallback: false,
      help: "Refuse --insecure and --tls-skip-verify",
      group,
    }),
  };
}

/** A key as a value: process lists show command lines, and errors show values. */
export function unsupportedByDial(section: string): readonly UnsupportedName[] {
  const reason =
    "other users would see a key that is given like this: put it into a file and name the file with --api-key-file";
  return [{ flags: ["api-key"], keys: [`${section}.api_key`], reason }];
}

export type DialSettings = ReturnType<typeof dialSettings>;
