/** The rows that every command has that asks a node; the columns are those of flags.ts. */
import type { Endpoint } from "../config/endpoint.ts";
import { setting } from "../config/setting.ts";
import { dialKind, pathKind, switchKind } from "../config/value-kinds.ts";
import { commonSettings, noTls } from "./flags.ts";

/** Section of the file and of the environment (contract.md section 2.3). */
export const clientSection = "remote";

export function clientSettings() {
  const { config, production } = commonSettings(clientSection);
  return { ...nodeSettings(), ...remoteSecurity(), config, production };
}

function nodeSettings() {
  return {
    json: setting({
      flag: "json",
      keys: [],
      kind: switchKind,
      fallback: false,
      fallbackText: "when stdout is no terminal",
      help: "JSON instead of text for people",
      group: "Output",
    }),
    processor: setting<Endpoint>({
      flag: "processor",
      short: "P",
      keys: [`${clientSection}.processor`],
      kind: dialKind,
      fallback: { host: "127.0.0.1", port: 50_051 },
      fallbackText: "127.0.0.1:50051",
      help: "Node to ask",
      group: "Node",
    }),
  };
}

function remoteSecurity() {
  const group = "Security (one of --tls and --insecure is needed)";
  const file = (flag: string, key: string, help: string) =>
    setting({
      flag,
      keys: [`${clientSection}.tls.${key}`],
      kind: pathKind,
      fallback: "",
      help,
      group,
      missing: noTls,
    });
  const choice = (flag: string, key: string, help: string) =>
    setting({
      flag,
      keys: [`${clientSection}.tls.${key}`],
      kind: switchKind,
      fallback: false,
      help,
      group,
      missing: noTls,
    });
  return {
    insecure: setting({
      flag: "insecure",
      keys: ["insecure", `${clientSection}.insecure`],
      kind: switchKind,
      fallback: false,
      help: "No TLS: anyone on the network can read and change what is sent",
      group,
    }),
    tls: choice("tls", "enabled", "Use TLS"),
    tlsCa: file("tls-ca", "ca", "Authority that the node's certificate comes from (PEM)"),
    tlsCert: file("tls-cert", "cert", "Own certificate (PEM)"),
    tlsKey: file("tls-key", "key", "Key of the certificate (PEM)"),
    tlsSkipVerify: choice("tls-skip-verify", "skip_verify", "Take any certificate of the node"),
  };
}

export type ClientSettings = ReturnType<typeof clientSettings>;
