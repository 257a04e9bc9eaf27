/** Reads an Interface Description Block of pcapng. */
import { limits } from "../config/limits.ts";
import { CaptureError } from "./capture-errors.ts";
import { createTimeScale, type TimeScale } from "./capture-time.ts";

/** What an Interface Description Block says. */
export interface PcapngInterface {
  /** if_name, else if_description, else "". */
  readonly name: string;
  readonly linkType: number;
  /** 0 is without limit. */
  readonly snapLength: number;
  readonly timeScale: TimeScale;
}

const option = { end: 0, name: 2, description: 3, resolution: 9, timeOffset: 14 } as const;
const optionsStart = 8;

/**
 * Reads the body of an Interface Description Block (draft-ietf-opsawg-pcapng section 4.2).
 * `offset` is where the body stands in the file. Throws `CaptureError`.
 */
export function readInterface(
  body: Buffer,
  littleEndian: boolean,
  offset: number,
): PcapngInterface {
  if (body.length < optionsStart) throw new CaptureError(offset, "an interface block is too short");
  const u16 = (at: number): number =>
    littleEndian ? body.readUInt16LE(at) : body.readUInt16BE(at);
  let name = "";
  let description = "";
  let resolution = 6;
  let timeOffset = 0n;
  let at = optionsStart;
  while (at + 4 <= body.length) {
    const code = u16(at);
    const length = u16(at + 2);
    at += 4;
    if (code === option.end) break;
    if (at + length > body.length) {
      throw new CaptureError(offset + at, "an interface option runs past the end of its block");
    }
    const value = body.subarray(at, at + length);
    if (code === option.name) name = nameText(value);
    else if (code === option.description) description = nameText(value);
    else if (code === option.resolution && length >= 1) resolution = value[0] ?? resolution;
    else if (code === option.timeOffset && length >= 8) {
      timeOffset = littleEndian ? value.readBigInt64LE(0) : value.readBigInt64BE(0);
    }
    at += (length + 3) & ~3;
  }
  return {
    name: name === "" ? description : name,
    linkType: u16(0),
    snapLength: littleEndian ? body.readUInt32LE(4) : body.readUInt32BE(4),
    timeScale: createTimeScale(resolution, timeOffset),
  };
}

/** UTF-8 text up to its first NUL, cut where no character is split. */
function nameText(value: Buffer): string {
  const nul = value.indexOf(0);
  let end = Math.min(nul < 0 ? value.length : nul, limits.interfaceNameBytesMax);
  while (end > 0 && end < value.length && ((value[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return value.toString("utf8", 0, end);
}
