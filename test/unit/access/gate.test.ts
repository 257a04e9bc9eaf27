import { beforeEach, describe, expect, test } from "bun:test";
import { createFailureMemory, FailureTable } from "../../../src/access/failure-table.ts";
import {
  type Authorization,
  type Credentials,
  Gate,
  type RefusedRpc,
} from "../../../src/access/gate.ts";
import { digestOf } from "../../../src/access/key-ring.ts";
import { methodRoles } from "../../../src/access/method-roles.ts";
import { type AccessRules, type IdentityRule, roles } from "../../../src/config/access-config.ts";
import { limits } from "../../../src/config/limits.ts";
import type { GrpcStatus } from "../../../src/grpc/grpc-status.ts";
import type { PeerCertificate } from "../../../src/wire/peer-certificate.ts";
import { keyOfRole, noRules, rulesWithKeys } from "../../support/access-rules.ts";

const management = "/lippycat.management.ManagementService";
const stream = "/lippycat.data.DataService/StreamPackets";
const status = `${management}/GetHunterStatus`;
const change = `${management}/UpdateFilter`;
const [unauthenticated, permissionDenied, resourceExhausted] = [16, 7, 8];

let refused: RefusedRpc[];
let failures: FailureTable;
let port = 1000;
beforeEach(() => {
  refused = [];
  failures = new FailureTable(createFailureMemory());
});

function gateWith(rules: AccessRules): Gate {
  return new Gate({ rules, failures, note: (rpc) => refused.push(rpc) });
}

function shows(more: Partial<Credentials> = {}): Credentials {
  const peer = `10.0.0.1:${port++}`;
  return { peer, key: undefined, certificate: undefined, connection: {}, ...more };
}

const withKey = (key: string, more: Partial<Credentials> = {}) => shows({ key, ...more });
const quiet = { end: () => {} };

function codeOf(answer: Authorization | GrpcStatus): number {
  return "code" in answer ? answer.code : 0;
}

function authorized(answer: Authorization | GrpcStatus): Authorization {
  if ("code" in answer) throw new Error(answer.message);
  return answer;
}

function certificate(commonName: string, names: string[] = []): PeerCertificate {
  return { commonName, names, fingerprint: "00".repeat(32) };
}

function identities(...rules: IdentityRule[]): AccessRules {
  return { ...noRules, identities: rules };
}

function named(value: string, role: IdentityRule["role"], ...hunterIds: string[]): IdentityRule {
  return { match: { by: "commonName", value }, role, hunterIds };
}

describe("without rules", () => {
  test("everybody may make every call, and a certificate still says who it is", () => {
    const gate = gateWith(noRules);
    for (const path of [...methodRoles.keys(), "/unheard.of/Call"]) {
      const { caller } = authorized(gate.authorize(path, withKey("whatever"), quiet));
      expect(caller).toMatchObject({ by: "nothing", roles: [] });
    }
    const shown = shows({ certificate: certificate("edge-1") });
    const { caller } = authorized(gate.authorize(change, shown, quiet));
    expect(caller).toMatchObject({ by: "certificate", name: "edge-1", roles: [] });
    expect(refused).toEqual([]);
  });
});

test("a guest is whose calls anybody may make, at a node that asks and does not know who it is", () => {
  const health = "/grpc.health.v1.Health/Check";
  const isGuest = (rules: AccessRules, path: string, shown = shows()) =>
    authorized(gateWith(rules).authorize(path, shown, quiet)).isGuest;
  const keys = rulesWithKeys("hunter");
  expect(isGuest(noRules, health)).toBe(false);
  expect(isGuest(keys, health)).toBe(true);
  expect(isGuest(keys, health, withKey("any-key-whatsoever"))).toBe(true);
  expect(isGuest(keys, stream, withKey(keyOfRole("hunter")))).toBe(false);
  const known = identities(named("edge-1", "hunter"));
  expect(isGuest(known, health, shows({ certificate: certificate("edge-1") }))).toBe(false);
  expect(isGuest(known, health, shows({ certificate: certificate("edge-2") }))).toBe(true);
});

describe("API keys", () => {
  for (const role of [...roles, "nobody"] as const) {
    test(`the calls of ${role}`, () => {
      const gate = gateWith(rulesWithKeys(...roles));
      for (const [path, needed] of methodRoles) {
        const shown = role === "nobody" ? shows() : withKey(keyOfRole(role));
        const may = needed === "anyone" || role === "admin" || needed === role;
        expect(codeOf(gate.authorize(path, shown, quiet)), path).toBe(may ? 0 : unauthenticated);
      }
    });
  }

  test("a wrong key, none and the wrong role get the same answer", () => {
    const gate = gateWith(rulesWithKeys("hunter"));
    const shown = [
      shows(),
      withKey("x".repeat(20)),
      withKey("short"),
      withKey(keyOfRole("hunter")),
    ];
    const answers = shown.map((each) => gate.authorize(status, each, quiet));
    expect(new Set(answers.map((each) => JSON.stringify(each))).size).toBe(1);
    expect(codeOf(answers[0] as GrpcStatus)).toBe(unauthenticated);
    expect(refused.map(({ caller }) => caller.name)).toEqual(["", "", "", "the hunter"]);
    expect(refused.map(({ reason }) => reason)).toEqual([
      "no API key",
      "a wrong API key",
      "a wrong API key",
      "its role is hunter, and the RPC needs subscriber",
    ]);
  });

  test("nothing that is told holds a key", () => {
    const gate = gateWith(rulesWithKeys("hunter"));
    gate.authorize(status, withKey(keyOfRole("hunter")), quiet);
    gate.authorize(status, withKey("guess-guess-guess-guess"), quiet);
    expect(JSON.stringify(refused)).not.toMatch(/guess|test-key/);
  });

  test("a certificate of an authority alone is not enough", () => {
    const gate = gateWith(rulesWithKeys("hunter"));
    const shown = shows({ certificate: certificate("edge-1") });
    expect(codeOf(gate.authorize(stream, shown, quiet))).toBe(unauthenticated);
  });
});

describe("guessing", () => {
  test("ends at the fifth wrong key, and then the right one is not looked at either", () => {
    const gate = gateWith(rulesWithKeys("hunter"));
    for (let count = 0; count < limits.accessFailuresMax; count++) {
      const answer = gate.authorize(stream, withKey(`wrong-wrong-wrong-${count}`), quiet);
      expect(codeOf(answer)).toBe(unauthenticated);
    }
    expect(refused.map(({ locks }) => locks)).toEqual([false, false, false, false, true]);
    for (const key of ["wrong-wrong-wrong-x", keyOfRole("hunter")]) {
      const answer = gate.authorize(stream, withKey(key), quiet);
      expect(codeOf(answer)).toBe(resourceExhausted);
      expect(refused.at(-1)).toMatchObject({ caller: { name: "" }, locks: false });
    }
    const other = withKey(keyOfRole("hunter"), { peer: "10.0.0.2:9" });
    expect(codeOf(gate.authorize(stream, other, quiet))).toBe(0);
    failures.setTime(limits.accessFailureWindowMs + 2000);
    expect(codeOf(gate.authorize(stream, withKey(keyOfRole("hunter")), quiet))).toBe(0);
  });

  test("does not end what a connection has shown to be right, and teaches it nothing new", () => {
    const gate = gateWith(rulesWithKeys("hunter", "admin"));
    const connection = {};
    const known = () => withKey(keyOfRole("hunter"), { connection });
    expect(codeOf(gate.authorize(stream, known(), quiet))).toBe(0);
    for (let count = 0; count < limits.accessFailuresMax; count++) {
      gate.authorize(stream, withKey(`wrong-wrong-wrong-${count}`), quiet);
    }
    expect(codeOf(gate.authorize(stream, known(), quiet))).toBe(0);
    const better = withKey(keyOfRole("admin"), { connection });
    expect(codeOf(gate.authorize(stream, better, quiet))).toBe(resourceExhausted);
  });

  test("is none where no key is shown, or one that may do less", () => {
    const gate = gateWith(rulesWithKeys("hunter"));
    for (let count = 0; count < 3 * limits.accessFailuresMax; count++) {
      gate.authorize(stream, shows(), quiet);
      gate.authorize(change, withKey(keyOfRole("hunter")), quiet);
    }
    expect(codeOf(gate.authorize(stream, withKey(keyOfRole("hunter")), quiet))).toBe(0);
  });

  test("does not concern who has a certificate that is enough", () => {
    const rules = { ...rulesWithKeys("admin"), identities: [named("edge-1", "hunter")] };
    const gate = gateWith(rules);
    for (let count = 0; count < limits.accessFailuresMax; count++) {
      gate.authorize(stream, withKey(`wrong-wrong-wrong-${count}`), quiet);
    }
    const shown = withKey("wrong-wrong-wrong-x", { certificate: certificate("edge-1") });
    expect(codeOf(gate.authorize(stream, shown, quiet))).toBe(0);
  });
});

describe("identities", () => {
  test("give a certificate its roles, all that fit together", () => {
    const dns: IdentityRule = {
      match: { by: "dns", value: "b.example" },
      role: "subscriber",
      hunterIds: [],
    };
    const gate = gateWith(identities(named("b", "hunter"), dns));
    const shown = shows({ certificate: certificate("b", ["DNS:B.example"]) });
    const { caller } = authorized(gate.authorize(status, shown, quiet));
    expect(caller).toEqual({
      by: "certificate",
      name: "b",
      roles: ["hunter", "subscriber"],
      hunterIds: [],
    });
    expect(codeOf(gate.authorize(stream, shown, quiet))).toBe(0);
    expect(gate.authorize(change, shown, quiet)).toEqual({
      code: permissionDenied,
      message: "your certificate has the role hunter and subscriber; this RPC needs admin",
    });
  });

  test("leave out who has none of them, with or without a certificate", () => {
    const gate = gateWith(identities(named("edge-1", "admin")));
    expect(
      codeOf(gate.authorize(stream, shows({ certificate: certificate("edge-2") }), quiet)),
    ).toBe(16);
    expect(codeOf(gate.authorize(stream, shows(), quiet))).toBe(unauthenticated);
    expect(codeOf(gate.authorize(stream, withKey(keyOfRole("admin")), quiet))).toBe(
      unauthenticated,
    );
    expect(codeOf(gate.authorize("/grpc.health.v1.Health/Check", shows(), quiet))).toBe(0);
  });

  test("and keys complete each other", () => {
    const rules = { ...rulesWithKeys("admin"), identities: [named("edge-1", "hunter", "h1")] };
    const gate = gateWith(rules);
    const shown = { key: keyOfRole("admin"), certificate: certificate("edge-1") };
    const { caller, refusalOf } = authorized(gate.authorize(change, shows(shown), quiet));
    expect(caller).toMatchObject({ by: "key", name: "the admin", roles: ["admin"] });
    expect(refusalOf("h2")?.code).toBe(permissionDenied);
  });
});

describe("hunters that belong to certificates", () => {
  const rules = identities(named("edge-1", "hunter", "h1", "h2"), named("edge-2", "hunter"));
  const streamOf = (name: string) =>
    authorized(gateWith(rules).authorize(stream, shows({ certificate: certificate(name) }), quiet));

  test("are theirs alone, and all that those may carry", () => {
    const own = streamOf("edge-1");
    expect(own.refusalOf("h1")).toBeUndefined();
    expect(own.refusalOf("h2")).toBeUndefined();
    expect(own.refusalOf("h3")?.code).toBe(permissionDenied);
    const other = streamOf("edge-2");
    expect(other.refusalOf("h3")).toBeUndefined();
    expect(other.refusalOf("h1")).toEqual({
      code: permissionDenied,
      message: 'this client may not act as hunter "h1"',
    });
    expect(refused.map(({ caller }) => caller.name)).toEqual(["edge-1", "edge-2"]);
  });
});

describe("new rules", () => {
  function opened(gate: Gate, credentials: Credentials, adapts = false) {
    const heard: (GrpcStatus | "reconsider")[] = [];
    const call = {
      end: (refusal: GrpcStatus) => heard.push(refusal),
      reconsider: () => {
        heard.push("reconsider");
        return adapts;
      },
    };
    return { heard, authorization: authorized(gate.authorize(stream, credentials, call)) };
  }

  test("end the calls of keys that are gone, and let the others go on", () => {
    const gate = gateWith(rulesWithKeys("hunter", "admin"));
    const gone = opened(gate, withKey(keyOfRole("hunter")));
    const kept = opened(gate, withKey(keyOfRole("admin")));
    const over = opened(gate, withKey(keyOfRole("hunter")));
    over.authorization.close();
    gate.setRules(rulesWithKeys("admin"));
    expect(gone.heard).toMatchObject([{ code: unauthenticated }]);
    expect(kept.heard).toEqual(["reconsider"]);
    expect(over.heard).toEqual([]);
    gate.setRules(rulesWithKeys("subscriber"));
    expect(gone.heard.length).toBe(1);
    expect(kept.heard.at(-1)).toMatchObject({ code: unauthenticated });
  });

  test("end those of keys whose role has changed", () => {
    const gate = gateWith(rulesWithKeys("hunter"));
    const call = opened(gate, withKey(keyOfRole("hunter")));
    const digest = digestOf(keyOfRole("hunter"));
    gate.setRules({
      ...noRules,
      asksForKeys: true,
      keys: [{ digest, role: "subscriber", name: "" }],
    });
    expect(call.heard).toMatchObject([{ code: unauthenticated }]);
  });

  test("bind hunters for calls that are open, too", () => {
    const gate = gateWith(identities(named("a", "hunter"), named("b", "hunter")));
    const a = opened(gate, shows({ certificate: certificate("a") }));
    const b = opened(gate, shows({ certificate: certificate("b") }));
    expect(b.authorization.refusalOf("h1")).toBeUndefined();
    gate.setRules(identities(named("a", "hunter", "h1"), named("b", "hunter")));
    expect(a.heard).toMatchObject(["reconsider", { code: unauthenticated }]);
    expect(b.heard).toEqual(["reconsider"]);
    expect(b.authorization.refusalOf("h1")?.code).toBe(permissionDenied);
  });

  test("let a call that asks again go on with the hunters that are left to it", () => {
    const gate = gateWith(identities(named("a", "hunter", "h1")));
    const call = opened(gate, shows({ certificate: certificate("a") }), true);
    gate.setRules(identities(named("a", "hunter", "h2")));
    expect(call.heard).toEqual(["reconsider"]);
    expect(call.authorization.refusalOf("h1")?.code).toBe(permissionDenied);
    expect(call.authorization.refusalOf("h2")).toBeUndefined();
  });

  test("end calls from before there were any", () => {
    const gate = gateWith(noRules);
    const call = opened(gate, shows({ certificate: certificate("a") }));
    gate.setRules(identities(named("b", "hunter")));
    expect(call.heard).toMatchObject([{ code: unauthenticated }]);
  });
});
