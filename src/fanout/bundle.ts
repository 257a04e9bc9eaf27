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
import { FramedBytes, framedPayload, framedRoom } from "../http2/framed-bytes.ts";

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
  private readonly lengthMax: number;
  private framed: FramedBytes | undefined = undefined;

  constructor(bytes: Buffer, serial: number, reusable: boolean) {
    this.bytes = bytes;
    this.serial = serial;
    this.reusable = reusable;
    this.lengthMax = framedPayload(bytes.length);
  }

  /** A bundle that came as frames. */
  static of(framed: FramedBytes, serial: number): Bundle {
    const bundle = new Bundle(framed.bytes, serial, false);
    bundle.framed = framed;
    bundle.length = framed.length;
    return bundle;
  }

  /** Bytes that can be laid behind those that are. */
  get room(): number {
    return this.lengthMax - this.length;
  }

  /** All of it as frames, for every stream; nothing more can be laid into it. */
  frames(): FramedBytes {
    this.framed ??= FramedBytes.spread(this.bytes, this.length);
    return this.framed;
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
    const reusable = framedRoom(bytes) <= size;
    const spare = reusable ? this.spare.pop() : undefined;
    const memory = spare ?? Buffer.allocUnsafeSlow(Math.max(framedRoom(bytes), size));
    this.openBytes += memory.length;
    return new Bundle(memory, this.serial++, reusable);
  }

  /** A bundle that came from elsewhere, as frames with that much payload; the caller is its maker. */
  wrap(frames: Uint8Array, length: number, batches: number): Bundle {
    const bytes = Buffer.from(frames.buffer, frames.byteOffset, frames.byteLength);
    const bundle = Bundle.of(new FramedBytes(bytes, length), this.serial++);
    bundle.batches = batches;
    this.openBytes += bytes.length;
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
