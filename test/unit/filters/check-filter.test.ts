import { describe, expect, test } from "bun:test";
import { limits } from "../../../src/config/limits.ts";
import { checkFilter, normalizeFilter } from "../../../src/filters/check-filter.ts";
import type { Filter } from "../../../src/filters/filter.ts";
import { typesSupported } from "../../../src/filters/filter-types.ts";
import { normalizePhonePattern } from "../../../src/filters/phone-pattern.ts";
import { filterTypeOf } from "../../../src/wire/filter-type.ts";
import { FilterType } from "../../../src/wire/gen/lippycat/management/management_pb.ts";
import { filterOf } from "./filter-samples.ts";

function faultOf(fields: Partial<Filter>): string | undefined {
  const fault = checkFilter(filterOf("a", fields));
  return fault === undefined ? undefined : `${fault.field}: ${fault.text}`;
}

describe("a pattern", () => {
  const cases: Record<string, readonly [good: readonly string[], bad: readonly string[]]> = {
    sip_user: [
      ["alice", "*alice*", "a*", "\\*1", "alice@example.com"],
      ["", "  ", "a\nb"],
    ],
    sip_uri: [["sip:alice@example.com", "*@example.com"], [""]],
    phone_number: [
      ["+49 30 123", "tel:+4930", "*123", "*"],
      ["abc", "", "+"],
    ],
    ip_address: [
      ["10.0.0.1", "10.0.0.0/8", "0.0.0.0/0", "::1", "2001:db8::/32", "::ffff:1.2.3.4", "::/128"],
      ["192.168.*", "10.0.0.256", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/8/8", "x.y"],
    ],
    call_id: [["a84b4c76e66710@pc33"], [""]],
    codec: [["PCMU", "G.729"], [""]],
    bpf: [
      ["udp port 5060", "not (host 10.0.0.1)"],
      ["", " ", "udp\u0000"],
    ],
    dns_domain: [["example.com", "*.example.*"], ["a b"]],
    email_address: [["*@example.com"], ["a b"]],
    email_subject: [["* invoice *"], [""]],
    tls_sni: [["*.example.com"], ["a b"]],
    tls_ja3: [["0123456789abcdef0123456789ABCDEF"], ["0123", "g123456789abcdef0123456789abcdef"]],
    tls_ja3s: [["0123456789abcdef0123456789abcdef"], ["0123456789abcdef0123456789abcdef0"]],
    tls_ja4: [
      ["t13d1516h2_8daaf6152771_e5627efa2ab1", "q13i0312h3_55b375c5d22e_cd85d2d88918"],
      ["t13d1516h2_8daaf6152771", "x13d1516h2_8daaf6152771_e5627efa2ab1"],
    ],
    http_host: [["*.example.com"], ["a b"]],
    http_url: [["/admin/*", "*login*"], ["a b"]],
    imsi: [["262011234567890"], ["26201123456789", "2620112345678901", "26201123456789x"]],
    imei: [
      ["35123456789012", "351234567890123"],
      ["3512345678901", "35-123456"],
    ],
  };

  test.each(Object.entries(cases))("of type %s is checked", (name, [good, bad]) => {
    const type = filterTypeOf(name) as FilterType;
    for (const pattern of good) expect(faultOf({ type, pattern }), pattern).toBeUndefined();
    for (const pattern of bad) expect(faultOf({ type, pattern }), pattern).toStartWith("pattern: ");
  });

  test("of every type may be as long as its limit", () => {
    const pattern = "é".repeat(limits.filterPatternBytesMax / 2);
    expect(faultOf({ pattern })).toBeUndefined();
    expect(faultOf({ pattern: `${pattern}x` })).toBe(
      "pattern: is 16385 bytes long; the most is 16384",
    );
  });
});

test("the other fields are checked", () => {
  expect(faultOf({ id: "" })).toBe("id: is empty");
  expect(faultOf({ id: "a\tb" })).toBe("id: has control characters or is not valid UTF-8");
  expect(faultOf({ id: "\ufffd" })).toBe("id: has control characters or is not valid UTF-8");
  expect(faultOf({ id: "x".repeat(limits.filterIdBytesMax + 1) })).toStartWith("id: is 257 bytes");
  expect(faultOf({ type: 18 as FilterType })).toBe("type: 18 is not a filter type");
  expect(faultOf({ type: -1 as FilterType })).toBe("type: -1 is not a filter type");
  expect(faultOf({ description: "two\nlines\t\r\n" })).toBeUndefined();
  expect(faultOf({ description: "\u001b[31m" })).toStartWith("description: has control");
  expect(faultOf({ targetHunters: ["a", ""] })).toBe(
    'target_hunters: holds the hunter id "", which is empty',
  );
  expect(faultOf({ targetHunters: ["a\u0007"] })).toStartWith(
    `target_hunters: holds the hunter id "a\\u0007"`,
  );
  const many = Array.from({ length: limits.filterTargetsMax + 1 }, () => "h");
  expect(faultOf({ targetHunters: many })).toStartWith("target_hunters: names 257 hunters");
});

test.each([
  ["+49 (0) 30/123-4", "490301234"],
  ["tel:+1-201-555-0123;phone-context=example.com", "12015550123"],
  ["sip:+4930123@example.com;user=phone", "4930123"],
  ["0049 30 123", "4930123"],
  ["011 49 30 123", "4930123"],
  ["*030123", "*030123"],
  ["*0123*", "*0123*"],
  ["+49*", "49*"],
  ["00", "00"],
  ["*", "*"],
  ["anonymous", "anonymous"],
  ["49\\*", "49"],
])("the phone number %s is kept as %s", (pattern, kept) => {
  expect(normalizePhonePattern(pattern)).toBe(kept);
  expect(normalizePhonePattern(kept)).toBe(kept);
  const type = FilterType.FILTER_PHONE_NUMBER;
  expect(normalizeFilter(filterOf("a", { type, pattern })).pattern).toBe(kept);
  expect(normalizeFilter(filterOf("a", { pattern })).pattern).toBe(pattern);
});

test("capabilities are understood as existing hunters mean them", () => {
  const { FILTER_BPF, FILTER_IP_ADDRESS, FILTER_HTTP_URL, FILTER_IMSI, FILTER_IMEI } = FilterType;
  const setOf = (...types: FilterType[]) =>
    types.reduce<number>((set, type) => set | (1 << type), 0);
  const least = setOf(FILTER_BPF, FILTER_IP_ADDRESS);
  expect(typesSupported(undefined)).toBe(least);
  expect(typesSupported([])).toBe(least);
  expect(typesSupported(["nonsense"])).toBe(0);
  expect(typesSupported(["bpf", "http_path"])).toBe(setOf(FILTER_BPF, FILTER_HTTP_URL));
  expect(typesSupported(["sip_user"])).toBe(
    setOf(FilterType.FILTER_SIP_USER, FILTER_IMSI, FILTER_IMEI),
  );
});
