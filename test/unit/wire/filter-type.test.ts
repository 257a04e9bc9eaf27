import { expect, test } from "bun:test";
import { filterTypeName, filterTypeNames, filterTypeOf } from "../../../src/wire/filter-type.ts";
import { FilterType } from "../../../src/wire/gen/lippycat/management/management_pb.ts";

test("each type has the name that files and capabilities use, in the order of its numbers", () => {
  expect(filterTypeNames).toHaveLength(18);
  for (const [index, name] of filterTypeNames.entries()) {
    expect(filterTypeOf(name)).toBe(index as FilterType);
    expect(filterTypeName(index)).toBe(name);
    expect(filterTypeOf(`FILTER_${name.toUpperCase()}`)).toBe(index as FilterType);
  }
  expect(filterTypeOf("sip_user")).toBe(FilterType.FILTER_SIP_USER);
  expect(filterTypeOf("http_url")).toBe(FilterType.FILTER_HTTP_URL);
});

test("another case, and a name of nothing, is no type", () => {
  for (const text of [
    "",
    "SIP_USER",
    "Sip_User",
    "FILTER_sip_user",
    "filter_sip_user",
    "FILTER_",
  ]) {
    expect(filterTypeOf(text), text).toBeUndefined();
  }
  expect(filterTypeName(99)).toBe("unknown_99");
});
