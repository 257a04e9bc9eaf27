import { expect, test } from "bun:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import type { AccessRules } from "../../../src/config/access-config.ts";
import { anyone, type Caller } from "../../../src/wire/caller.ts";
import { HunterRegistrationSchema } from "../../../src/wire/gen/lippycat/management/management_pb.ts";
import { noRules } from "../../support/access-rules.ts";
import { until } from "../../support/record-in-process.ts";
import { ControlNode, managementPath } from "./control-node.ts";

const rules: AccessRules = {
  ...noRules,
  identities: [
    { match: { by: "commonName", value: "a" }, role: "hunter", hunterIds: ["h1"] },
    { match: { by: "commonName", value: "b" }, role: "hunter", hunterIds: [] },
  ],
};
const a: Caller = { by: "certificate", name: "a", roles: ["hunter"], hunterIds: ["h1"] };
const b: Caller = { by: "certificate", name: "b", roles: ["hunter"], hunterIds: [] };

async function registers(node: ControlNode, hunterId: string, caller: Caller): Promise<number> {
  const call = node.client.open(`${managementPath}/RegisterHunter`, "10.0.0.1:1", caller);
  const registration = create(HunterRegistrationSchema, { hunterId });
  node.client.send(call, toBinary(HunterRegistrationSchema, registration));
  node.client.post({ kind: "end", id: call.id });
  await until(() => call.status !== undefined);
  return call.status?.code ?? -1;
}

test("a hunter registers with its own certificate, and none of it is kept otherwise", async () => {
  const node = new ControlNode();
  expect(await registers(node, "h1", anyone)).toBe(0);
  node.claims.setRules(rules);
  expect(await registers(node, "h1", a)).toBe(0);
  expect(await registers(node, "h2", b)).toBe(0);
  for (const [hunterId, caller] of [
    ["h1", b],
    ["h1", anyone],
    ["h3", a],
  ] as const) {
    expect(await registers(node, hunterId, caller)).toBe(Code.PermissionDenied);
  }
  expect(node.roster.find("h3")).toBeUndefined();
});
