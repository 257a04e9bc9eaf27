/** What fan-out needs of a live view's transport; the door provides it. */
import type { GrpcStatus } from "../grpc/grpc-status.ts";
import type { FramedBytes } from "../http2/framed-bytes.ts";

export interface SubscriberPort {
  /** `address:port` of the client. */
  readonly peer: string;
  /**
   * Sends whole length-prefixed messages, laid as frames. The bytes are shared and must not change until `taken` is
   * called, which is once, when the transport needs them no more; never after the call has ended.
   */
  write(frames: FramedBytes, taken: () => void): void;
  /** Ends the call. */
  end(status: GrpcStatus): void;
}
