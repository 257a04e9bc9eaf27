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
  /** Memory of those that are being laid out. */
  openBytes = 0;
  /** Bundles that were finished so far. */
  closed = 0;
  /** Memory of a bundle that no single message needs more of. */
  private usualBytes: number = limits.fanoutBundleBytes;
  private readonly spare: Buffer[] = [];
  private serial = 0;

  /** So many different bundles are laid out at a time, for so many live views, which may all stand still
   * with one each: both together take at most their ceilings. */
  expect(bundles: number, subscribers: number): void {
    const open = limits.fanoutOpenBytesMax / 2 / bundles;
    const bytesMax = Math.min(open, limits.fanoutUnreadBytesMax / subscribers);
    let usual: number = limits.fanoutBundleBytes;
    while (usual > limits.fanoutBundleBytesMin && usual > bytesMax) usual /= 2;
    if (usual === this.usualBytes) return;
    this.usualBytes = usual;
    this.spare.length = 0;
  }

  /** A bundle with room for at least `bytes`; the maker holds it until `close`. */
  open(bytes: number): Bundle {
    const size = this.usualBytes;
    const reusable = bytes <= size;
    const spare = reusable ? this.spare.pop() : undefined;
    const memory = spare ?? Buffer.allocUnsafeSlow(Math.max(bytes, size));
    this.openBytes += memory.length;
    return this.track(new Bundle(memory, this.serial++, reusable));
  }

  /** It has been given to all who want it. */
  close(bundle: Bundle): void {
    this.openBytes -= bundle.bytes.length;
    this.closed++;
    this.release(bundle);
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
    const { length } = bundle.bytes;
    if (!bundle.reusable || length !== this.usualBytes) return;
    if (this.spare.length < limits.fanoutSpareBundlesMax) this.spare.push(bundle.bytes);
  }

  /** The maker holds it until it has given it to all who want it. */
  private track(bundle: Bundle): Bundle {
    bundle.holders = 1;
    return bundle;
  }
}
