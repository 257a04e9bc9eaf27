/**
 * Bytes for subscribers: length-prefixed gRPC messages one after the other, made once and shared by
 * all who want the same. Writing many small messages to many streams costs more than their bytes.
 */
import { limits } from "../config/limits.ts";

export class Bundle {
  readonly bytes: Buffer;
  /** Counts up: an older bundle has a lower number. */
  readonly serial: number;
  length = 0;
  batches = 0;
  /** Queues and transports that still need it. */
  holders = 0;
  /** Of these, queues. */
  queues = 0;
  /** Its memory may be used again when nobody holds it. */
  reusable: boolean;

  constructor(bytes: Buffer, serial: number, reusable: boolean) {
    this.bytes = bytes;
    this.serial = serial;
    this.reusable = reusable;
  }

  get room(): number {
    return this.bytes.length - this.length;
  }

  content(): Buffer {
    return this.bytes.subarray(0, this.length);
  }
}

/** Gives out bundles and takes their memory back. */
export class BundlePool {
  /** Memory of the bundles that wait in queues; what transports have is not in it. */
  queuedBytes = 0;
  private readonly spare: Buffer[] = [];
  private serial = 0;

  /** A bundle with room for at least `bytes`. */
  open(bytes: number): Bundle {
    const size = limits.fanoutBundleBytes;
    if (bytes > size)
      return this.track(new Bundle(Buffer.allocUnsafeSlow(bytes), this.serial++, false));
    const memory = this.spare.pop() ?? Buffer.allocUnsafeSlow(size);
    return this.track(new Bundle(memory, this.serial++, true));
  }

  /** A bundle of bytes that came whole from elsewhere. */
  wrap(bytes: Uint8Array, batches: number): Bundle {
    const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const bundle = new Bundle(content, this.serial++, false);
    bundle.length = content.length;
    bundle.batches = batches;
    return this.track(bundle);
  }

  enqueue(bundle: Bundle): void {
    bundle.holders++;
    if (bundle.queues++ === 0) this.queuedBytes += bundle.bytes.length;
  }

  /** Out of a queue; whoever takes it from there holds it on, until `release`. */
  dequeue(bundle: Bundle): void {
    if (--bundle.queues === 0) this.queuedBytes -= bundle.bytes.length;
  }

  release(bundle: Bundle): void {
    if (--bundle.holders > 0) return;
    if (bundle.reusable && this.spare.length < limits.fanoutSpareBundlesMax) {
      this.spare.push(bundle.bytes);
    }
  }

  /** The maker holds it until it has given it to all who want it. */
  private track(bundle: Bundle): Bundle {
    bundle.holders = 1;
    return bundle;
  }
}
