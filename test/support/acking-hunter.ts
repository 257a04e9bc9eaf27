/**
 * Hunters in a process of their own, which outlives the processor that it sends to and keeps the log
 * of its acks: each is written to stdout as it comes.
 *
 *     bun acking-hunter.ts <address> <hunters> <packets per batch>
 *
 * stdout: `ack <hunter> <sequence>`, and `end <hunter> <batches sent>` when a stream is over.
 * stdin: one line, the address of a processor that shall get what was not acknowledged, again.
 */
import { writeSync } from "node:fs";
import { MockHunter } from "./mock-hunter.ts";
import { hunterName, interfaceOf } from "./numbered-capture.ts";
import { numberedBatch } from "./numbered-packets.ts";

const [address = "", hunters = "1", packets = "8"] = process.argv.slice(2);
const packetsPerBatch = Number(packets);
/** Batches of a hunter that are under way at a time. */
const window = 48;

class AckingHunter {
  private readonly hunter: number;
  private sent = 0;
  private acked = 0;

  constructor(hunter: number) {
    this.hunter = hunter;
  }

  /** Sends without end, until the stream does. */
  async stream(to: string): Promise<void> {
    const call = this.open(to, (stream) => {
      while (this.sent - this.acked < window) stream.send(this.batch(++this.sent));
    });
    while (this.sent < window) call.send(this.batch(++this.sent));
    await call.waitEnd();
    writeSync(1, `end ${this.hunter} ${this.sent}\n`);
  }

  /** Sends what was not acknowledged, and ends the stream. */
  async again(to: string): Promise<void> {
    const call = this.open(to, () => {});
    for (let sequence = this.acked + 1; sequence <= this.sent; sequence++) {
      call.send(this.batch(sequence));
    }
    call.halfClose();
    await call.waitEnd();
    call.close();
  }

  private open(to: string, onAck: (stream: MockHunter) => void): MockHunter {
    const stream = new MockHunter(to);
    let seen = 0;
    stream.call.on("data", () => {
      for (; seen < stream.acks.length; seen++) {
        writeSync(1, `ack ${this.hunter} ${stream.acks[seen]?.sequence}\n`);
        this.acked++;
      }
      onAck(stream);
    });
    return stream;
  }

  private batch(sequence: number): Uint8Array {
    return numberedBatch({
      hunterId: hunterName(this.hunter),
      hunter: this.hunter,
      interfaceName: interfaceOf(this.hunter),
      first: (sequence - 1) * packetsPerBatch,
      packets: packetsPerBatch,
      sequence,
    });
  }
}

const all = Array.from({ length: Number(hunters) }, (_, hunter) => new AckingHunter(hunter));
await Promise.all(all.map((hunter) => hunter.stream(address)));
for await (const line of console) {
  await Promise.all(all.map((hunter) => hunter.again(line)));
  break;
}
process.exit(0);
