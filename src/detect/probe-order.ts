/** Which detectors are asked first, by transport and port. */
import type { Transport } from "./detector.ts";
import { detectors } from "./registry.ts";

/** Detectors of one transport, by protocol number. */
export interface ProbeOrder {
  /** All of them, in the registry's order. */
  readonly numbers: Uint8Array;
  /** By port: the detector to ask first, 0 = none. */
  readonly byPort: Uint8Array;
}

/** The first detector that names a port has it. */
export function probeOrder(transport: Transport): ProbeOrder {
  const numbers: number[] = [];
  const byPort = new Uint8Array(65_536);
  for (const [index, detector] of detectors.entries()) {
    if (!detector.transports.includes(transport)) continue;
    numbers.push(index + 1);
    for (const port of detector.portHints) if (byPort[port] === 0) byPort[port] = index + 1;
  }
  return { numbers: Uint8Array.from(numbers), byPort };
}
