import { expect, test } from "bun:test";
import {
  auditedMethods,
  methodRoles,
  roleNeededFor,
  satisfies,
} from "../../../src/access/method-roles.ts";
import { services } from "../../../src/node/control-plane.ts";

const served = services.flatMap(({ typeName, methods }) =>
  methods.map(({ name }) => `/${typeName}/${name}`),
);

test("every call that is served has a role of its own, and no other call has one", () => {
  expect([...methodRoles.keys()].toSorted()).toEqual(served.toSorted());
});

test("the roles are those of the existing processors", () => {
  const of = (role: string) =>
    [...methodRoles]
      .filter(([path, needed]) => needed === role && path.includes("lippycat"))
      .filter(([path]) => !path.includes("monitoring"))
      .map(([path]) => path.slice(path.lastIndexOf("/") + 1));
  expect(of("hunter").join(" ")).toBe(
    "StreamPackets RegisterHunter RegisterProcessor Heartbeat GetFilters SubscribeFilters",
  );
  expect(of("subscriber").join(" ")).toBe(
    "SubscribePackets SubscribeCorrelatedCalls GetHunterStatus ListAvailableHunters GetTopology " +
      "SubscribeTopology GetFiltersFromProcessor RequestAuthToken",
  );
  expect(of("admin").join(" ")).toBe(
    "UpdateFilter DeleteFilter UpdateFilterOnProcessor DeleteFilterOnProcessor",
  );
  expect(of("anyone")).toEqual([]);
});

test("what is not in the table is for admins, and admins may do everything", () => {
  expect(roleNeededFor("/lippycat.data.DataService/Unheard")).toBe("admin");
  expect(satisfies(["admin"], "hunter")).toBe(true);
  expect(satisfies(["hunter"], "subscriber")).toBe(false);
  expect(satisfies(["hunter", "subscriber"], "subscriber")).toBe(true);
  expect(satisfies([], "hunter")).toBe(false);
});

test("everything that changes something is audited", () => {
  for (const [path, role] of methodRoles)
    if (role === "admin") expect(auditedMethods).toContain(path);
});
