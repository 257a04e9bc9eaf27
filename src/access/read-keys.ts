/** Reads one entry of a list of API keys: key, role and description. */
import { type KeyRule, roles } from "../config/access-config.ts";
import { limits } from "../config/limits.ts";
import { joinOr } from "../config/value-kinds.ts";
import { digestOf, isKeyText } from "./key-ring.ts";
import { YamlEntry } from "./yaml-entry.ts";

const keyFields = ["key", "role", "description"];

const wanted =
  `key must be ${limits.apiKeyCharsMin} to ${limits.apiKeyCharsMax} printable ASCII characters ` +
  "without spaces and commas; openssl rand -hex 32 makes one";

/** A key with the node that it came from, for what is wrong with several together. */
export interface ReadKey {
  readonly rule: KeyRule;
  readonly node: unknown;
}

/** The key that an entry stands for; undefined when something is wrong, which was reported. */
export function readKey(
  node: unknown,
  line: number,
  report: (node: unknown, text: string) => void,
): ReadKey | undefined {
  const entry = new YamlEntry(node, keyFields, report);
  if (entry.failed) return undefined;
  const key = entry.text("key", limits.configFileBytesMax);
  const role = readRole(entry);
  const description = entry.text("description", limits.accessNameCharsMax);
  if (!entry.failed && !isKeyText(key)) entry.fail("key", wanted);
  if (entry.failed || role === undefined) return undefined;
  const name = description === "" ? `key of line ${line}` : description;
  return { rule: { digest: digestOf(key), role, name }, node };
}

export function readRole(entry: YamlEntry) {
  const name = entry.text("role", limits.accessNameCharsMax);
  const role = roles.find((known) => known === name);
  if (role === undefined && !entry.failed) entry.fail("role", `role must be ${joinOr(roles)}`);
  return role;
}
