/** Patterns by filter type, as hunters understand them (docs/wire.md#patterns). */

import { isIPv4, isIPv6 } from "node:net";
import { quoteText } from "../base/safe-text.ts";
import { limits } from "../config/limits.ts";
import { FilterType } from "../wire/gen/lippycat/management/management_pb.ts";

type Check = (pattern: string) => string | undefined;

const any: Check = () => undefined;

function shown(pattern: string): string {
  return quoteText(pattern, limits.settingShownCharsMax);
}

function shape(expected: RegExp, fault: string): Check {
  return (pattern) => (expected.test(pattern) ? undefined : `${shown(pattern)} ${fault}`);
}

const noSpaces = shape(/^\S+$/, "must not contain spaces");
const md5 = shape(/^[0-9a-f]{32}$/i, "is not 32 hexadecimal digits");

const checks: Readonly<Record<FilterType, Check>> = {
  [FilterType.FILTER_SIP_USER]: any,
  [FilterType.FILTER_SIP_URI]: any,
  [FilterType.FILTER_PHONE_NUMBER]: shape(/[0-9*]/, "must contain a digit or a *"),
  [FilterType.FILTER_IP_ADDRESS]: addressFault,
  [FilterType.FILTER_CALL_ID]: any,
  [FilterType.FILTER_CODEC]: any,
  // The hunter's libpcap knows its dialect; what is wrong there, it says.
  [FilterType.FILTER_BPF]: any,
  [FilterType.FILTER_DNS_DOMAIN]: noSpaces,
  [FilterType.FILTER_EMAIL_ADDRESS]: noSpaces,
  [FilterType.FILTER_EMAIL_SUBJECT]: any,
  [FilterType.FILTER_TLS_SNI]: noSpaces,
  [FilterType.FILTER_TLS_JA3]: md5,
  [FilterType.FILTER_TLS_JA3S]: md5,
  [FilterType.FILTER_TLS_JA4]: shape(
    /^[tqd][0-9ds][0-9][di][0-9]{4}[0-9a-z]{2}_[0-9a-f]{12}_[0-9a-f]{12}$/i,
    "is not a JA4 such as t13d1516h2_8daaf6152771_e5627efa2ab1",
  ),
  [FilterType.FILTER_HTTP_HOST]: noSpaces,
  [FilterType.FILTER_HTTP_URL]: noSpaces,
  [FilterType.FILTER_IMSI]: shape(/^[0-9]{15}$/, "is not 15 digits"),
  [FilterType.FILTER_IMEI]: shape(/^[0-9]{14,15}$/, "is not 14 or 15 digits"),
};

/** Why hunters would not take `pattern` for a filter of `type`, or undefined. */
export function patternFault(type: FilterType, pattern: string): string | undefined {
  return checks[type]?.(pattern);
}

function addressFault(pattern: string): string | undefined {
  const [address = "", prefix, ...more] = pattern.split("/");
  const bits = isIPv4(address) ? 32 : isIPv6(address) && !address.includes("%") ? 128 : 0;
  if (bits === 0 || more.length > 0) {
    const hint = pattern.includes("*") ? "; write a network like 192.168.0.0/16" : "";
    return `${shown(pattern)} is not an IPv4 or IPv6 address or network${hint}`;
  }
  if (prefix === undefined) return undefined;
  const fits = /^[0-9]{1,3}$/.test(prefix) && Number(prefix) <= bits;
  return fits ? undefined : `${shown(pattern)} has a wrong prefix length; it is 0 to ${bits}`;
}
