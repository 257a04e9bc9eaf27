/** Shows payloads to the detectors and keeps their notes between packets. */
import { ipProtocol, type Layers } from "../packet/layers.ts";
import type { ConversationTable } from "./conversation-table.ts";
import { type ProbeAnswer, ProbeContext, probeAnswer } from "./detector.ts";
import type { ProbeOrder } from "./probe-order.ts";
import { detectors } from "./registry.ts";

/** Shows the payload of undecided conversations to the detectors, and keeps what they note. */
export class Prober {
  private readonly table: ConversationTable;
  private readonly context = new ProbeContext();
  private bytes: Uint8Array = new Uint8Array(0);
  private start = 0;
  private end = 0;

  constructor(table: ConversationTable) {
    this.table = table;
  }

  /**
   * Asks the detectors in `order`: the one that wanted more packets of this conversation, those of
   * the ports, all others. Returns the protocol number of the verdict, 0 = none yet.
   */
  probe(
    order: ProbeOrder,
    bytes: Uint8Array,
    layers: Layers,
    entry: number,
    direction: number,
    position: number,
  ): number {
    const context = this.context;
    context.isTcp = layers.protocol === ipProtocol.tcp;
    context.isPortless = layers.protocol === ipProtocol.esp;
    context.sourcePort = layers.sourcePort;
    context.destinationPort = layers.destinationPort;
    context.lengthOnWire = layers.payloadLengthOnWire;
    context.position = position;
    this.bytes = bytes;
    this.start = layers.payloadStart;
    this.end = layers.payloadStart + layers.payloadLength;

    const table = this.table;
    const candidate = table.candidates[entry] as number;
    // The first that wants more packets becomes the candidate, unless the present one still does.
    let next = 0;
    let nextNote = 0;
    if (candidate !== 0) {
      context.noteHere = table.notes[entry * 2 + direction] as number;
      context.noteThere = table.notes[entry * 2 + 1 - direction] as number;
      const answer = this.ask(candidate);
      if (answer === probeAnswer.match) return candidate;
      if (answer === probeAnswer.needMore) {
        next = candidate;
        nextNote = context.note;
      }
    }
    context.noteHere = 0;
    context.noteThere = 0;
    const hinted = order.byPort[layers.destinationPort] || order.byPort[layers.sourcePort] || 0;
    const numbers = order.numbers;
    for (let index = hinted === 0 ? 0 : -1; index < numbers.length; index++) {
      const number = index < 0 ? hinted : (numbers[index] as number);
      if (number === candidate || (index >= 0 && number === hinted)) continue;
      const answer = this.ask(number);
      if (answer === probeAnswer.no) continue;
      if (answer === probeAnswer.match) return number;
      if (next === 0) {
        next = number;
        nextNote = context.note;
      }
    }
    if (next !== 0) this.keep(entry, direction, next, nextNote);
    return 0;
  }

  private ask(number: number): ProbeAnswer {
    const detector = detectors[number - 1];
    if (detector === undefined || this.end - this.start < detector.bytesMin) return probeAnswer.no;
    return detector.probe(this.bytes, this.start, this.end, this.context);
  }

  private keep(entry: number, direction: number, candidate: number, note: number): void {
    const { candidates, notes } = this.table;
    if (candidates[entry] !== candidate) {
      candidates[entry] = candidate;
      notes[entry * 2 + 1 - direction] = 0;
    }
    notes[entry * 2 + direction] = note;
  }
}
