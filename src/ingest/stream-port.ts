/** What ingest needs of a packet stream's transport; the door provides it. */
import type { GrpcStatus } from "../grpc/grpc-status.ts";

export interface StreamPort {
  /** `address:port` of the client. */
  readonly peer: string;
  /** Why the RPC may not carry that hunter; undefined when it may. */
  refusalOf(hunterId: string): GrpcStatus | undefined;
  /** Bytes of acks that were written and that the client has not taken yet. */
  unreadBytes(): number;
  /** Sends whole length-prefixed messages; owns `frames` from then on. */
  write(frames: Buffer): void;
  /** Whether bytes have come that `receive` has not been given. */
  holdsBytes(): boolean;
  /** Reads on after `receive` answered that the stream must stop. May call `receive` at once. */
  resume(): void;
  /** Ends the RPC, also one that the client has left. Nothing is received or sent after it. */
  end(status: GrpcStatus): void;
}
