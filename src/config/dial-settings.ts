/** The rows of every command that connects to a node; the columns are those of setting.ts. */
import { setting, type UnsupportedName } from "./setting.ts";
import { pathKind, switchKind } from "./value-kinds.ts";

/** How to reach the node, and who we are. `section` is that of the file and of the environment. */
export function dialSettings(section: string) {
  const group = "Security (one of --tls and --insecure is needed)";
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
      "TLS 1.3; the other --tls flags say the same",
    ),
    tlsCaFile: {
      ...file("tls-ca", "ca", "Authority that the node's certificate comes from (PEM)"),
      fallbackText: "the public ones",
    },
    tlsCertFile: file("tls-cert", "cert", "Own certificate, for a node that wants one (PEM)"),
    tlsKeyFile: file("tls-key", "key", "Key of the certificate (PEM)"),
    tlsSkipVerify: choice(
      "tls-skip-verify",
      [`${section}.tls.skip_verify`],
      "Take any certificate: whoever is in between can read and change what is sent",
    ),
    apiKeyFile: setting({
      flag: "api-key-file",
      keys: [`${section}.api_key_file`],
      kind: pathKind,
      fallback: "",
      help: "File with the API key, for a node that wants one",
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
    "a key is not given like this, where others see it: put it into a file, and name it with --api-key-file";
  return [{ flags: ["api-key"], keys: [`${section}.api_key`], reason }];
}

export type DialSettings = ReturnType<typeof dialSettings>;
