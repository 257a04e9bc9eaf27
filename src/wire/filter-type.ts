/** Names of filter types. */
import { FilterType } from "./gen/lippycat/management/management_pb.ts";

const prefix = "FILTER_";

const types = new Map<string, FilterType>(
  Object.entries(FilterType).map(([name, type]) => [name.slice(prefix.length).toLowerCase(), type]),
);
const names = new Map<number, string>([...types].map(([name, type]) => [type, name]));

/** Names of the filter types as files, flags and capabilities have them: `sip_user`. */
export const filterTypeNames: readonly string[] = [...types.keys()];

/** The type of `sip_user`, or of `FILTER_SIP_USER` in exactly this case (docs/wire.md#filter-types). */
export function filterTypeOf(text: string): FilterType | undefined {
  if (!text.startsWith(prefix)) return types.get(text);
  return text === text.toUpperCase()
    ? types.get(text.slice(prefix.length).toLowerCase())
    : undefined;
}

/** `sip_user`; `unknown_99` for a number that this build has no name for. */
export function filterTypeName(type: number): string {
  return names.get(type) ?? `unknown_${type}`;
}
