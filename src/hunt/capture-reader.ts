/**
 * Hunting: the capture agent's side. This file reads packets from pcap and pcapng files and pipes
 * in constant memory.
 */
import { basename } from "node:path";
import { CaptureError } from "../capture-format/capture-error.ts";
import { pcapVariant } from "../capture-format/pcap-layout.ts";
import { blockType } from "../capture-format/pcapng-layout.ts";
import { limits } from "../config/limits.ts";
import { ByteWindow } from "./byte-window.ts";
import { type CaptureInput, openInput } from "./capture-input.ts";
import {
  type CaptureDecoder,
  type CapturePacket,
  createCapturePacket,
  type FallbackName,
} from "./capture-packet.ts";
import { asLoop, linkTypeNull } from "./loopback.ts";
import { createPcapDecoder } from "./pcap-decoder.ts";
import { PcapngDecoder } from "./pcapng-decoder.ts";

const tooShort = "too short for a capture: it ends inside its header";

export class CaptureReader {
  readonly name: string;
  readonly sizeBytes: number | undefined;
  bytesRead = 0;
  private readonly input: CaptureInput;
  private readonly fallbackName: FallbackName;
  private readonly window: ByteWindow = new ByteWindow(limits.huntReadBytes);
  private readonly packet: CapturePacket = createCapturePacket();
  private decoder: CaptureDecoder | undefined;
  private ended = false;

  constructor(input: CaptureInput, fallbackName: FallbackName) {
    this.name = input.name;
    this.sizeBytes = input.sizeBytes;
    this.input = input;
    this.fallbackName = fallbackName;
  }

  /**
   * The next packet, the same object each time, or undefined: then `fill()` is needed.
   * Throws `CaptureError`, whose message names file and offset, after the good packets before it.
   */
  next(): CapturePacket | undefined {
    try {
      this.decoder ??= this.detect();
      if (this.decoder?.next(this.packet) !== true) return undefined;
      if (this.packet.linkType === linkTypeNull) asLoop(this.packet);
      return this.packet;
    } catch (error) {
      throw this.located(error);
    }
  }

  /**
   * Reads on; false at the end of the input. One call at a time. Throws `InputError`, and
   * `CaptureError` when it is clear now that the input is no capture.
   */
  async fill(): Promise<boolean> {
    const count = this.ended ? 0 : await this.input.read(this.window.room());
    this.ended = count === 0;
    this.bytesRead += count;
    this.window.filled(count);
    try {
      this.decoder ??= this.detect();
      // A decoder takes the header, whole, before anything else.
      if (this.ended && this.window.offset === 0) throw new CaptureError(0, tooShort);
    } catch (error) {
      throw this.located(error);
    }
    return count > 0;
  }

  /** At the end: what is wrong with the tail of the input, in a sentence, or undefined. */
  tornTail(): string | undefined {
    if (this.window.isEmpty) return undefined;
    const at = this.window.offset.toLocaleString("en-US");
    return (
      `${this.name} is damaged: it ends in the middle of a record (offset ${at}); ` +
      "the packets before that were read"
    );
  }

  async close(): Promise<void> {
    await this.input.close();
  }

  private located(error: unknown): unknown {
    if (!(error instanceof CaptureError)) return error;
    const at = error.offset.toLocaleString("en-US");
    return new CaptureError(error.offset, `${this.name}, offset ${at}: ${error.message}`);
  }

  private detect(): CaptureDecoder | undefined {
    const window = this.window;
    if (!window.has(4)) {
      if (!this.ended) return undefined;
      throw new CaptureError(0, window.isEmpty ? "the input is empty" : tooShort);
    }
    const magic = window.bytes.readUInt32BE(window.start);
    // A section header's type reads the same in both byte orders.
    if (magic === blockType.sectionHeader) return new PcapngDecoder(window, this.fallbackName);
    const variant = pcapVariant(magic);
    if (variant !== undefined) return createPcapDecoder(window, variant, this.fallbackName(0));
    throw new CaptureError(0, foreignText(magic));
  }
}

/**
 * Opens a capture; `-` is standard input. Interfaces without a name get `interfaceName`, or one made
 * from the file's name when that is "". What a file holds is checked at once, a pipe when it speaks.
 */
export async function openCapture(path: string, interfaceName = ""): Promise<CaptureReader> {
  const base = interfaceName || (path === "-" ? "stdin" : basename(path));
  const input = await openInput(path);
  const reader = new CaptureReader(input, (index) => (index === 0 ? base : `${base}:${index}`));
  if (reader.sizeBytes === undefined) return reader;
  try {
    await reader.fill();
    return reader;
  } catch (error) {
    await reader.close();
    throw error;
  }
}

function foreignText(magic: number): string {
  if (magic >>> 16 === 0x1f8b)
    return "compressed with gzip: unpack it first (gunzip -c … | weir hunt --read -)";
  if (magic === 0x28b5_2ffd)
    return "compressed with zstd: unpack it first (zstdcat … | weir hunt --read -)";
  const bytes = magic.toString(16).padStart(8, "0");
  return `neither pcap nor pcapng (it starts with ${bytes})`;
}
