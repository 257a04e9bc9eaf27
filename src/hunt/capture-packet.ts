/** One packet of a capture file. The reader uses one object for all packets and fills it anew. */
import type { TimeTarget } from "../capture-format/pcap-time.ts";

export interface CapturePacket extends TimeTarget {
  /** A LINKTYPE number, as the file has it; of BSD loopback that of `loopback.ts`. */
  linkType: number;
  interfaceName: string;
  /** Within its section of the file. */
  interfaceIndex: number;
  /** Bytes of the reader: they stay until it is filled again. */
  data: Uint8Array;
  /** Never less than the bytes that are there. */
  originalLength: number;
}

export function createCapturePacket(): CapturePacket {
  return {
    timeLow: 0,
    timeHigh: 0,
    linkType: 0,
    interfaceName: "",
    interfaceIndex: 0,
    data: new Uint8Array(0),
    originalLength: 0,
  };
}

/** Names of interfaces for which the file has none, by index. */
export type FallbackName = (index: number) => string;

/** A file format, without input or output: it takes what is in the window. */
export interface CaptureDecoder {
  /** Fills `packet` and answers true, or false when the window holds no whole packet. */
  next(packet: CapturePacket): boolean;
}
