/** What one live view wants to see (docs/wire.md#subscribepackets). */
import { createHash } from "node:crypto";
import { WeirError } from "../base/errors.ts";
import { limits } from "../config/limits.ts";

export interface Selection {
  /** Hunters by id, sorted, each once; undefined = all, empty = none. */
  readonly hunters: readonly string[] | undefined;
  /** Packet filter in the language of libpcap; "" = all packets. */
  readonly expression: string;
}

/** Equal for selections that see the same; short, however many hunters these name. */
export function selectionKey({ hunters, expression }: Selection): string {
  const text = JSON.stringify([hunters ?? null, expression]);
  return createHash("sha256").update(text).digest("base64");
}

/** For a log line. */
export function selectionText({ hunters, expression }: Selection): string {
  const whose =
    hunters === undefined
      ? "all hunters"
      : hunters.length === 1
        ? `hunter ${hunters[0]}`
        : `${hunters.length} hunters`;
  return expression === "" ? whose : `${whose}, ${expression}`;
}

/**
 * The selection of a SubscribeRequest. `has_hunter_filter` tells "none" from "all".
 * @throws WeirError `selection` when it asks for too much
 */
export function selectionOf(request: {
  readonly hunterIds: readonly string[];
  readonly hasHunterFilter: boolean;
  readonly bpfFilter: string;
}): Selection {
  const expression = request.bpfFilter.trim();
  if (!request.hasHunterFilter) return { hunters: undefined, expression };
  const hunters = [...new Set(request.hunterIds)].sort();
  if (hunters.length > limits.selectionHuntersMax) {
    throw new WeirError(
      "selection",
      `hunter_ids names ${hunters.length} hunters; the most is ${limits.selectionHuntersMax}`,
    );
  }
  const long = hunters.find((id) => Buffer.byteLength(id) > limits.hunterIdBytesMax);
  if (long !== undefined) {
    throw new WeirError(
      "selection",
      `hunter_ids has an id of ${Buffer.byteLength(long)} bytes; the most is ${limits.hunterIdBytesMax}`,
    );
  }
  return { hunters, expression };
}
