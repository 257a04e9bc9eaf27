/** The examples of docs/access.md are read as they stand. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { auditedMethods, methodRoles } from "../../../src/access/method-roles.ts";
import { readAccess } from "../../../src/access/read-access.ts";
import { limits } from "../../../src/config/limits.ts";
import { loadProcess } from "../cli/load.ts";

const page = readFileSync(join(import.meta.dir, "../../../docs/access.md"), "utf8");
const blocks = [...page.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text = ""]) => text);
const [identities = "", settings = "", keys = ""] = blocks;

test("the identities", () => {
  expect(blocks.length).toBe(3);
  const { rules, problems } = readAccess({
    config: { path: "config.yaml", text: identities },
    keys: undefined,
    asksForKeys: false,
    verifiesClients: true,
  });
  expect(problems).toEqual([]);
  expect(rules.identities.map(({ match, role }) => `${match.by} ${role}`)).toEqual([
    "commonName hunter",
    "dns hunter",
    "commonName subscriber",
    "fingerprint admin",
  ]);
  expect(rules.identities.map(({ hunterIds }) => hunterIds)).toEqual([
    ["edge-1"],
    ["edge-2", "edge-2-voip"],
    [],
    [],
  ]);
});

test("the file of keys", () => {
  const { rules, problems } = readAccess({
    config: { path: "config.yaml", text: settings },
    keys: { path: "api-keys.yaml", text: keys },
    asksForKeys: true,
    verifiesClients: false,
  });
  expect(problems).toEqual([]);
  expect(rules.keys.map(({ role, name }) => `${role}: ${name}`)).toEqual([
    "hunter: hunters of site A",
    "admin: ops laptop",
  ]);
});

test("the settings, of which only the file is not there", () => {
  const { problems } = loadProcess({ words: ["--insecure"], yaml: settings });
  expect(problems.length).toBe(1);
  expect(problems[0]).toStartWith("/etc/weir/api-keys.yaml: there is no such API key file");
});

test("numbers and names are those of the source", () => {
  expect(page).toContain(
    `A key has ${limits.apiKeyCharsMin} to ${limits.apiKeyCharsMax} printable`,
  );
  expect(page).toContain(`After ${limits.accessFailuresMax} wrong keys`);
  expect(page).toContain(`until ${limits.accessFailureWindowMs / 1000} s have passed`);
  for (const [path, role] of methodRoles) {
    const name = path.slice(path.lastIndexOf("/") + 1);
    if (role === "hunter") expect(page).toMatch(new RegExp(`^\\| \`hunter\` \\|.*${name}`, "m"));
    if (role === "admin") expect(page).toMatch(new RegExp(`^\\| \`admin\` \\|.*${name}`, "m"));
  }
  expect(auditedMethods.size).toBe(5);
});
