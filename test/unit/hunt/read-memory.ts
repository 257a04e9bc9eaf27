import type { CaptureInput } from "../../../src/hunt/capture-input.ts";
import { CaptureReader } from "../../../src/hunt/capture-reader.ts";

export interface Seen {
  readonly timeNs: bigint;
  readonly linkType: number;
  readonly name: string;
  readonly index: number;
  readonly data: string;
  readonly originalLength: number;
}

export interface Outcome {
  readonly packets: Seen[];
  readonly error: string;
  readonly torn: string | undefined;
}

/** Input from memory that gives at most `chunk` bytes at a time. */
function memoryInput(bytes: Buffer, chunk: number): CaptureInput {
  let at = 0;
  return {
    name: "test",
    sizeBytes: bytes.length,
    read: async (target) => {
      const count = bytes.copy(target.subarray(0, chunk), 0, at);
      at += count;
      return count;
    },
    close: async () => {},
  };
}

/** Reads a whole capture, `chunk` bytes at a time. */
export async function readAll(bytes: Buffer, chunk = 65536): Promise<Outcome> {
  const reader = new CaptureReader(memoryInput(bytes, chunk), (index) => `unnamed${index}`);
  const packets: Seen[] = [];
  try {
    for (;;) {
      const packet = reader.next();
      if (packet === undefined) {
        if (!(await reader.fill())) break;
        continue;
      }
      packets.push({
        timeNs: BigInt.asIntN(64, (BigInt(packet.timeHigh) << 32n) | BigInt(packet.timeLow)),
        linkType: packet.linkType,
        name: packet.interfaceName,
        index: packet.interfaceIndex,
        data: Buffer.from(packet.data).toString("latin1"),
        originalLength: packet.originalLength,
      });
    }
  } catch (error) {
    return { packets, error: String((error as Error).message), torn: undefined };
  }
  return { packets, error: "", torn: reader.tornTail() };
}
