/**
 * Reference counts and a free list of buffers: bundles are bytes for subscribers, length-prefixed gRPC
 * messages one after the other, made once and shared by all who want the same. Writing many small
 * messages to many streams costs more than their bytes.
 *
 * A bundle's memory is used again when its last owner has let it go. The owners:
 *
 *   maker      the audience that lays it out (`open`), or the mesh, to which it came whole (`wrap`), until
 *              all who want it have it (`close`)
 *   queue      of each subscriber for which it waits, from `enqueue` until it goes to the transport
 *              (`send`) or is given up (`discard`)
 *   transport  of each subscriber to which it goes, from `send` until it is read (`taken`) or the call has
 *              ended before that (`abandon`): a transport that may still read it gets no second content
 *
 * A link of the mesh sends a copy and owns nothing.
 */
import { limits } from "../config/limits.ts";

export class Bundle {
  readonly bytes: Buffer;
  /** Counts up: an older bundle has a lower number. */
  readonly serial: number;
  length = 0;
  batches = 0;
  /** Its owners, which the pool alone counts. */
  hasMaker = true;
  queues = 0;
  transports = 0;
  /** Its memory may be used again when nobody owns it. */
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
  /** Memory of those that are being made. */
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

  /** A bundle with room for at least `bytes`; the caller is its maker. */
  open(bytes: number): Bundle {
    const size = this.usualBytes;
    const reusable = bytes <= size;
    const spare = reusable ? this.spare.pop() : undefined;
    const memory = spare ?? Buffer.allocUnsafeSlow(Math.max(bytes, size));
    this.openBytes += memory.length;
    return new Bundle(memory, this.serial++, reusable);
  }

  /** A bundle of bytes that came whole from elsewhere; the caller is its maker. */
  wrap(bytes: Uint8Array, batches: number): Bundle {
    const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const bundle = new Bundle(content, this.serial++, false);
    bundle.length = content.length;
    bundle.batches = batches;
    this.openBytes += content.length;
    return bundle;
  }

  /** The maker lets it go: all who want it have it. */
  close(bundle: Bundle): void {
    this.openBytes -= bundle.bytes.length;
    this.closed++;
    bundle.hasMaker = false;
    this.reuse(bundle);
  }

  /** A queue takes it, while it has its maker. */
  enqueue(bundle: Bundle): void {
    if (bundle.queues++ === 0) this.queuedBytes += bundle.bytes.length;
  }

  /** A queue lets it go unsent. */
  discard(bundle: Bundle): void {
    this.dequeue(bundle);
    this.reuse(bundle);
  }

  /** A queue lets it go to its transport. */
  send(bundle: Bundle): void {
    bundle.transports++;
    this.dequeue(bundle);
  }

  /** A transport lets it go: it has read all. */
  taken(bundle: Bundle): void {
    bundle.transports--;
    this.reuse(bundle);
  }

  /** A transport has ended, and may still look at it. */
  abandon(bundle: Bundle): void {
    bundle.reusable = false;
    this.taken(bundle);
  }

  private dequeue(bundle: Bundle): void {
    if (--bundle.queues === 0) this.queuedBytes -= bundle.bytes.length;
  }

  private reuse(bundle: Bundle): void {
    if (bundle.hasMaker || bundle.queues > 0 || bundle.transports > 0) return;
    const { length } = bundle.bytes;
    if (!bundle.reusable || length !== this.usualBytes) return;
    if (this.spare.length < limits.fanoutSpareBundlesMax) this.spare.push(bundle.bytes);
  }
}
