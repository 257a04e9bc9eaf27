import { describe, expect, test } from "bun:test";
import { digestOf } from "../../../src/access/key-ring.ts";
import { readAccess } from "../../../src/access/read-access.ts";
import { limits } from "../../../src/config/limits.ts";

const key = "0123456789abcdef";

function read(
  config: string | undefined,
  more: { keys?: string; asks?: boolean; ca?: boolean } = {},
) {
  return readAccess({
    config: config === undefined ? undefined : { path: "c.yaml", text: config },
    keys: more.keys === undefined ? undefined : { path: "k.yaml", text: more.keys },
    asksForKeys: more.asks ?? true,
    verifiesClients: more.ca ?? true,
  });
}

function keysYaml(...entries: string[]): string {
  return `security:\n  api_keys:\n    keys:\n${entries.map((each) => `      - ${each}\n`).join("")}`;
}

function identitiesYaml(...entries: string[]): string {
  return `security:\n  identities:\n${entries.map((each) => `    - ${each}\n`).join("")}`;
}

describe("keys", () => {
  test("are kept as their SHA-256 alone, with role and description", () => {
    const yaml = keysYaml(
      `{key: ${key}, role: hunter, description: "site A"}`,
      `{key: ${key}2, role: admin}`,
    );
    const { rules, problems, keysInConfig } = read(yaml);
    expect(problems).toEqual([]);
    expect(keysInConfig).toBe(2);
    expect(rules.keys).toEqual([
      { digest: digestOf(key), role: "hunter", name: "site A" },
      { digest: digestOf(`${key}2`), role: "admin", name: "key of line 5" },
    ]);
    expect(JSON.stringify(rules)).not.toContain(key);
  });

  test("of a file of their own come as a list, alone or under keys, and beside the others", () => {
    const entry = `- {key: ${key}3, role: subscriber}\n`;
    for (const text of [entry, `keys:\n  ${entry}`]) {
      const { rules, problems } = read(keysYaml(`{key: ${key}, role: hunter}`), { keys: text });
      expect(problems).toEqual([]);
      expect(rules.keys.map(({ role }) => role)).toEqual(["hunter", "subscriber"]);
    }
  });

  test("that nobody is asked for are not kept, and need not be right", () => {
    const yaml = keysYaml(`{key: ${key}, role: hunter}`, '{key: "", role: example}');
    const { rules, problems, keysInConfig } = read(yaml, { asks: false });
    expect(problems).toEqual([]);
    expect(keysInConfig).toBe(2);
    expect(rules).toEqual({ asksForKeys: false, keys: [], identities: [] });
  });

  const wrong: [name: string, yaml: string, problem: string][] = [
    ["none at all", "", "--api-key-auth (security.api_keys.enabled) is on, and there is no key"],
    [
      "an empty list",
      keysYaml(),
      "--api-key-auth (security.api_keys.enabled) is on, and there is no key",
    ],
    ["too short", keysYaml("{key: short-secret, role: hunter}"), "c.yaml:4: key must be 16 to 256"],
    ["a space", keysYaml('{key: "secret with a space", role: hunter}'), "c.yaml:4: key must be"],
    ["a comma", keysYaml('{key: "secret-with,a-comma", role: hunter}'), "c.yaml:4: key must be"],
    ["an umlaut", keysYaml("{key: geheimnisvoll-für-alle, role: hunter}"), "c.yaml:4: key must be"],
    [
      "a number",
      keysYaml("{key: 12345678901234567890, role: hunter}"),
      "c.yaml:4: key must be one text",
    ],
    ["no key", keysYaml("{role: hunter}"), "c.yaml:4: key must be 16 to 256"],
    ["no role", keysYaml(`{key: ${key}}`), "c.yaml:4: role must be hunter, subscriber or admin"],
    ["an unknown role", keysYaml(`{key: ${key}, role: root}`), "c.yaml:4: role must be hunter"],
    [
      "an unknown field",
      keysYaml(`{key: ${key}, rol: hunter}`),
      'c.yaml:4: unknown key "rol"; did you mean role?',
    ],
    [
      "a bare key",
      keysYaml("top-secret-top-secret"),
      "c.yaml:4: an entry must have keys and values",
    ],
    [
      "no list",
      "security: {api_keys: {keys: top-secret-top-secret}}",
      "c.yaml:1: security.api_keys.keys must be a list",
    ],
    [
      "the same twice",
      keysYaml(`{key: ${key}, role: hunter}`, `{key: ${key}, role: admin}`),
      "c.yaml:5: the key is the same as that of c.yaml:4",
    ],
    ["broken YAML", "security: [top-secret-top-secret", "c.yaml:1: the YAML is not correct"],
    [
      "an alias",
      `x: &k ${key}\n${keysYaml("{key: *k, role: hunter}")}`,
      "c.yaml:5: key uses an alias",
    ],
    [
      "an alias for the list",
      `x: &k []\nsecurity: {api_keys: {keys: *k}}`,
      "c.yaml:2: security.api_keys.keys uses an alias",
    ],
  ];
  for (const [name, yaml, problem] of wrong) {
    test(`${name}: told with its line, and never what it is`, () => {
      const { problems } = read(yaml);
      expect(problems[0]).toStartWith(problem);
      expect(problems.join(" ")).not.toMatch(/secret|geheim|0123456789abcdef/);
    });
  }

  test("more than there may be are a problem", () => {
    const entries = Array.from({ length: limits.apiKeysMax + 1 }, (_, index) => {
      return `{key: ${key}${index}, role: hunter}`;
    });
    expect(read(keysYaml(...entries)).problems).toEqual([
      "1025 API keys are too many; the most is 1024",
    ]);
    expect(read(keysYaml(...entries.slice(1))).problems).toEqual([]);
  });
});

describe("identities", () => {
  const hex = "ab".repeat(32);

  test("fit by common name, subject, DNS name or fingerprint, and hold hunters", () => {
    const yaml = identitiesYaml(
      "{common_name: edge-1, role: hunter, hunter_id: h1}",
      '{subject: "CN=edge 2", role: hunter, hunter_id: [h2, h3]}',
      "{dns: Tui.Example.org, role: subscriber}",
      `{fingerprint: "${hex.toUpperCase().replaceAll(/(..)(?=.)/g, "$1:")}", role: admin}`,
    );
    const { rules, problems } = read(yaml, { asks: false });
    expect(problems).toEqual([]);
    expect(rules.identities).toEqual([
      { match: { by: "commonName", value: "edge-1" }, role: "hunter", hunterIds: ["h1"] },
      { match: { by: "commonName", value: "edge 2" }, role: "hunter", hunterIds: ["h2", "h3"] },
      { match: { by: "dns", value: "tui.example.org" }, role: "subscriber", hunterIds: [] },
      { match: { by: "fingerprint", value: hex }, role: "admin", hunterIds: [] },
    ]);
  });

  const wrong: [entry: string, problem: string][] = [
    ["{role: hunter}", "c.yaml:3: exactly one of subject, common_name, dns, fingerprint is needed"],
    ["{common_name: a, dns: b, role: hunter}", "c.yaml:3: exactly one of"],
    ['{subject: "CN=a, O=b", role: hunter}', 'c.yaml:3: subject must have the form "CN=name"'],
    ["{subject: edge-1, role: hunter}", 'c.yaml:3: subject must have the form "CN=name"'],
    [
      '{dns: "*.example.org", role: hunter}',
      "c.yaml:3: dns must be a host name, without wildcards",
    ],
    ["{fingerprint: abcd, role: hunter}", "c.yaml:3: fingerprint must be 64 hexadecimal digits"],
    [
      "{common_name: a, role: hunter, hunter_id: [a, '']}",
      "c.yaml:3: hunter_id must be a hunter id",
    ],
    ["{common_name: a, role: hunter, hunter_id: }", "c.yaml:3: hunter_id must be a hunter id"],
    ["{common_name: a, role: hunter, hunter_id: []}", "c.yaml:3: hunter_id must be a hunter id"],
    ["{common_name: a}", "c.yaml:3: role must be hunter, subscriber or admin"],
    ["{common_name: a, role: hunter, hunter: b}", 'c.yaml:3: unknown key "hunter"'],
  ];
  for (const [entry, problem] of wrong) {
    test(entry, () =>
      expect(read(identitiesYaml(entry), { asks: false }).problems[0]).toStartWith(problem),
    );
  }

  test("need certificates that are verified", () => {
    const yaml = identitiesYaml("{common_name: edge-1, role: hunter}");
    const { problems } = read(yaml, { asks: false, ca: false });
    expect(problems[0]).toStartWith("security.identities needs verified client certificates");
  });
});

describe("what would let everybody in, were it not read", () => {
  const entry = "{common_name: edge-1, role: hunter}";
  test.each([
    ["Security:\n  identities:\n", 'c.yaml:1: unknown key "Security"; did you mean security?'],
    ["secuirty: {}\n", 'c.yaml:1: unknown key "secuirty"; did you mean security?'],
    [`security.identities:\n  - ${entry}\n`, 'c.yaml:1: unknown key "security.identities"; did'],
    [
      `security:\n  identites:\n    - ${entry}\n`,
      'c.yaml:2: unknown key "identites"; did you mean',
    ],
    [
      `x: &x\n  identities:\n    - ${entry}\nsecurity: *x\n`,
      "c.yaml:4: security.identities uses an alias",
    ],
    [
      `x: &x [${entry}]\nsecurity:\n  identities: *x\n`,
      "c.yaml:3: security.identities uses an alias",
    ],
  ])("%j", (yaml, problem) => {
    const { problems } = read(yaml, { asks: false });
    expect(problems).toEqual([expect.stringContaining(problem)]);
  });

  test("and not the names of others", () => {
    expect(read("secrets: 1\nsecurity:\n  other: 1\n", { asks: false }).problems).toEqual([]);
  });
});
