/** Whose a batch is: each names its own hunter, and one stream may carry many. */

import { isUtf8 } from "node:buffer";
import { limits } from "../config/limits.ts";
import { type GrpcStatus, invalidArgument } from "../grpc/grpc-status.ts";
import type { PacketBatchView } from "../wire/packet-batch.ts";
import type { HunterStream } from "./hunter-stream.ts";
import type { HunterEntry, HunterTable } from "./hunter-table.ts";

/** The hunter of the batch that was just walked, or why its stream cannot go on. */
export function identify(
  stream: HunterStream,
  view: PacketBatchView,
  hunters: HunterTable,
): HunterEntry | GrpcStatus {
  const { bytes, hunterIdStart: start, hunterIdLength: length } = view;
  const { hunter: last, wireId } = stream;
  if (last !== undefined && wireId !== undefined && sameBytes(wireId, bytes, start, length)) {
    return last;
  }
  if (length > limits.hunterIdBytesMax) {
    return invalidArgument(
      `hunter_id is ${length} bytes long; the most is ${limits.hunterIdBytesMax}`,
    );
  }
  // A copy: `slice` of a Buffer would share the bytes that the next message overwrites.
  const wire = new Uint8Array(bytes.subarray(start, start + length));
  if (!isUtf8(wire)) return invalidArgument("hunter_id is not valid UTF-8");
  const id = length === 0 ? unnamed(stream.port.peer) : Buffer.from(wire).toString("utf8");
  const refusal = stream.port.refusalOf(id);
  if (refusal !== undefined) return refusal;
  const hunter = hunters.find(id);
  if (last !== undefined && last.id !== id) stream.mixed = true;
  stream.wireId = wire;
  stream.hunter = hunter;
  hunters.join(stream.members, hunter);
  return hunter;
}

/** The name of a hunter that gives none: its address, so that its packets can be told apart. */
function unnamed(peer: string): string {
  return `unnamed@${peer.slice(0, peer.lastIndexOf(":"))}`;
}

function sameBytes(known: Uint8Array, bytes: Uint8Array, start: number, length: number): boolean {
  if (known.length !== length) return false;
  for (let at = 0; at < length; at++) if (known[at] !== bytes[start + at]) return false;
  return true;
}
