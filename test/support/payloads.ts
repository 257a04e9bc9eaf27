/** TCP and UDP payloads of a capture. */
import { findLayers } from "../../src/packet/find-layers.ts";
import { ipProtocol, Layers } from "../../src/packet/layers.ts";
import { readCapture } from "./captures.ts";

/** A TCP or UDP payload of a capture, in place: `bytes[start, end)`. */
export interface CapturedPayload {
  /** Number of its packet in the file, from 1 on, as tshark counts. */
  readonly number: number;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly isTcp: boolean;
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** TCP sequence number of its first byte. */
  readonly sequence: number;
  /** The same for all segments of one direction of a conversation. */
  readonly direction: string;
}

/** All payloads of a capture file that are not empty, in file order. */
export function readPayloads(path: string): CapturedPayload[] {
  const layers = new Layers();
  return readCapture(path).flatMap(({ data, linkType }, index) => {
    if (!findLayers(layers, data, 0, data.length, linkType) || layers.payloadLength === 0)
      return [];
    const isTcp = layers.protocol === ipProtocol.tcp;
    if (!isTcp && layers.protocol !== ipProtocol.udp) return [];
    const { sourcePort, destinationPort, sequence, payloadStart, sourceAt } = layers;
    const addresses = data.subarray(sourceAt, sourceAt + (layers.ipVersion === 4 ? 8 : 32));
    const payload: CapturedPayload = {
      number: index + 1,
      bytes: data,
      start: payloadStart,
      end: payloadStart + layers.payloadLength,
      isTcp,
      sourcePort,
      destinationPort,
      sequence,
      direction: `${addresses.toHex()} ${sourcePort} ${destinationPort}`,
    };
    return [payload];
  });
}
