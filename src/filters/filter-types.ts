/** Filter types: the spellings of files, and the set of them that a hunter supports. */
import { nearestName } from "../config/nearest-name.ts";
import { filterTypeNames, filterTypeOf } from "../wire/filter-type.ts";
import { FilterType } from "../wire/gen/lippycat/management/management_pb.ts";

/** `sipuser` stands in the mission's example. */
const joined = new Map(filterTypeNames.map((name) => [name.replaceAll("_", ""), name]));

/** The type of `sip_user`, `FILTER_SIP_USER` or `sipuser`, in exactly this case; else undefined. */
export function typeNamed(text: string): FilterType | undefined {
  return filterTypeOf(joined.get(text) ?? text);
}

/** The name that `text` was probably meant to be. */
export function nearestTypeName(text: string): string | undefined {
  return nearestName(text.replace(/^FILTER_/i, "").toLowerCase(), filterTypeNames);
}

/** A set of types, one bit each. */
export type TypeSet = number;

export function typeBit(type: FilterType): TypeSet {
  return 1 << type;
}

/** All that a hunter without capabilities supports (docs/wire.md#distribution). */
const withoutCapabilities = typeBit(FilterType.FILTER_BPF) | typeBit(FilterType.FILTER_IP_ADDRESS);

/**
 * The types of a hunter's capabilities; unknown names count for nothing. Existing hunters say
 * `http_path` for `http_url`, and match IMSI and IMEI wherever they match SIP users without saying
 * so (docs/wire.md#distribution).
 */
export function typesSupported(filterTypes: readonly string[] | undefined): TypeSet {
  if (filterTypes === undefined || filterTypes.length === 0) return withoutCapabilities;
  let types: TypeSet = 0;
  for (const name of filterTypes) {
    const type = name === "http_path" ? FilterType.FILTER_HTTP_URL : filterTypeOf(name);
    if (type === undefined) continue;
    types |= typeBit(type);
    if (type === FilterType.FILTER_SIP_USER) {
      types |= typeBit(FilterType.FILTER_IMSI) | typeBit(FilterType.FILTER_IMEI);
    }
  }
  return types;
}
