/** Reads one entry of `security.identities`: a certificate's name, its role and its hunter ids. */
import type { CertificateMatch, IdentityRule } from "../config/access-config.ts";
import { limits } from "../config/limits.ts";
import { isWireName } from "../config/value-kinds.ts";
import { readRole } from "./read-keys.ts";
import { YamlEntry } from "./yaml-entry.ts";

const matchFields = ["subject", "common_name", "dns", "fingerprint"] as const;
type MatchField = (typeof matchFields)[number];
const identityFields: readonly string[] = [...matchFields, "role", "hunter_id"];

/** The identity that an entry stands for; undefined when something is wrong, which was reported. */
export function readIdentity(
  node: unknown,
  report: (node: unknown, text: string) => void,
): IdentityRule | undefined {
  const entry = new YamlEntry(node, identityFields, report);
  if (entry.failed) return undefined;
  const match = readMatch(entry);
  const role = readRole(entry);
  const hunterIds = entry.texts("hunter_id");
  // One without a value would be free to be any hunter: that is said by leaving the field out.
  if (!hunterIds.every(isWireName) || (entry.names("hunter_id") && hunterIds.length === 0)) {
    entry.fail(
      "hunter_id",
      "hunter_id must be a hunter id, or a list of hunter ids that is not empty",
    );
  } else if (hunterIds.length > limits.accessHuntersPerIdentityMax) {
    const most = limits.accessHuntersPerIdentityMax;
    entry.fail(
      "hunter_id",
      `hunter_id holds too many hunters; the most for one identity is ${most}`,
    );
  }
  if (entry.failed || match === undefined || role === undefined) return undefined;
  return { match, role, hunterIds };
}

function readMatch(entry: YamlEntry): CertificateMatch | undefined {
  const given = matchFields.filter((field) => entry.has(field));
  const [field] = given;
  if (field === undefined || given.length > 1) {
    entry.fail(given[1] ?? "", `exactly one of ${matchFields.join(", ")} is needed`);
    return undefined;
  }
  const text = entry.text(field, limits.accessNameCharsMax);
  if (entry.failed) return undefined;
  const match = matchOf(field, text);
  if (typeof match !== "string") return match;
  entry.fail(field, `${field} ${match}`);
  return undefined;
}

/** Or what is wrong with it. */
function matchOf(field: MatchField, text: string): CertificateMatch | string {
  switch (field) {
    case "common_name":
      if (text === "") return "must not be empty";
      return { by: "commonName", value: text };
    case "subject": {
      const [, name = ""] = /^CN=([^,+"\\=]+)$/.exec(text) ?? [];
      if (name === "")
        return 'must have the form "CN=name"; use fingerprint for other certificates';
      return { by: "commonName", value: name };
    }
    case "dns":
      if (!/^[\w-]+(?:\.[\w-]+)*$/.test(text)) return "must be a host name, without wildcards";
      return { by: "dns", value: text.toLowerCase() };
    case "fingerprint": {
      const digits = text.replaceAll(":", "").toLowerCase();
      if (!/^[0-9a-f]{64}$/.test(digits)) {
        return "must be 64 hexadecimal digits: openssl x509 -noout -fingerprint -sha256";
      }
      return { by: "fingerprint", value: digits };
    }
  }
}
