/** Reads an Interface Description Block (draft-ietf-opsawg-pcapng, section 4.2). */
import { limits } from "../config/limits.ts";
import { readUint16, readUint32 } from "./byte-order.ts";
import { CaptureError } from "./capture-error.ts";
import { blockFrame, interfaceDescription } from "./pcapng-layout.ts";
import {
  characterEnd,
  codeOf,
  lengthOf,
  optionBytes,
  optionCode,
  optionHeadBytes,
} from "./pcapng-options.ts";
import { createTimeScale, microsecondResolution, type TimeScale } from "./time-scale.ts";

/** What an Interface Description Block says. */
export interface PcapngInterface {
  /** if_name, else if_description, else "". */
  readonly name: string;
  readonly linkType: number;
  /** 0 is without limit. */
  readonly snapLength: number;
  readonly timeScale: TimeScale;
}

/** `block` is the whole block, which stands at `offset` in the file. Throws `CaptureError`. */
export function readInterface(
  block: Buffer,
  littleEndian: boolean,
  offset: number,
): PcapngInterface {
  const end = block.length - blockFrame.trailerBytes;
  let at: number = interfaceDescription.options;
  if (end < at) throw new CaptureError(offset + blockFrame.body, "an interface block is too short");
  let name = "";
  let description = "";
  let resolution = microsecondResolution;
  let timeOffset = 0n;
  while (at + optionHeadBytes <= end) {
    const head = readUint32(block, at, littleEndian);
    const code = codeOf(head, littleEndian);
    const length = lengthOf(head, littleEndian);
    if (code === optionCode.end) break;
    const valueAt = at + optionHeadBytes;
    if (valueAt + length > end) {
      const reason = "an interface option runs past the end of its block";
      throw new CaptureError(offset + valueAt, reason);
    }
    const value = block.subarray(valueAt, valueAt + length);
    if (code === optionCode.interfaceName) name = nameText(value);
    else if (code === optionCode.interfaceDescription) description = nameText(value);
    else if (code === optionCode.timeResolution && length >= 1) resolution = value[0] ?? resolution;
    else if (code === optionCode.timeOffset && length >= 8) {
      timeOffset = littleEndian ? value.readBigInt64LE(0) : value.readBigInt64BE(0);
    }
    at += optionBytes(length);
  }
  return {
    name: name === "" ? description : name,
    linkType: readUint16(block, interfaceDescription.linkType, littleEndian),
    snapLength: readUint32(block, interfaceDescription.snapLength, littleEndian),
    timeScale: createTimeScale(resolution, timeOffset),
  };
}

/** UTF-8 text up to its first NUL, cut where no character is split. */
function nameText(value: Buffer): string {
  const nul = value.indexOf(0);
  const text = nul < 0 ? value : value.subarray(0, nul);
  return text.toString("utf8", 0, characterEnd(text, limits.interfaceNameBytesMax));
}
