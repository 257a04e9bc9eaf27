/** Who may call the node, as `weir process` reads it at its start. */
import { readAccess } from "../access/read-access.ts";
import type { AccessConfig } from "../config/access-config.ts";
import type { ConfigFile } from "../config/config-file.ts";
import { limits } from "../config/limits.ts";
import type { ProcessorSettings } from "../config/processor-settings.ts";
import { placeOf } from "../config/setting.ts";
import { readTextFile } from "../config/text-file.ts";
import type { Loaded } from "./load-settings.ts";

export interface LoadedAccess {
  readonly access: AccessConfig;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** Who may call the node, out of the configuration file and the file of keys. */
export function loadAccess(
  { settings }: Pick<Loaded<ProcessorSettings>, "settings">,
  config: ConfigFile | undefined,
): LoadedAccess {
  const { apiKeyAuth, apiKeysFile, insecure, tlsCaFile } = settings;
  const asksForKeys = apiKeyAuth.value;
  const verifiesClients = !insecure.value && tlsCaFile.value !== "";
  const problems: string[] = [];
  const warnings: string[] = [];
  const keysFile = asksForKeys ? apiKeysFile.value : "";
  if (!asksForKeys && apiKeysFile.value !== "") {
    const place = placeOf(apiKeysFile.origin);
    warnings.push(
      `${place}: the file is not read, since API keys are off; --api-key-auth turns them on`,
    );
  }
  if (asksForKeys && insecure.value) {
    warnings.push("--insecure with --api-key-auth: anyone on the network can read the API keys");
  }
  const keys = keysFile === "" ? undefined : readKeysFile(keysFile, problems);
  const read = readAccess({ config, keys, asksForKeys, verifiesClients });
  if (!asksForKeys && read.keysInConfig > 0) {
    const text = "security.api_keys.keys: the keys are not used, since security.api_keys.enabled";
    warnings.push(`${text} (--api-key-auth) is not true`);
  }
  // A file that cannot be read has said so: that there are no keys then follows.
  if (problems.length === 0) problems.push(...read.problems);
  const configFile = config?.path ?? "";
  const { rules } = read;
  return {
    access: { rules, configFile, keysFile, asksForKeys, verifiesClients },
    problems,
    warnings,
  };
}

function readKeysFile(path: string, problems: string[]): ConfigFile | undefined {
  const file = readTextFile(path, limits.configFileBytesMax, "API key file");
  if ("bytes" in file) return { path, text: file.bytes.toString("utf8"), asked: true };
  problems.push(`${path}: ${file.fault}`);
  return undefined;
}
