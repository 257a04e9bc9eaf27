/**
 * Messages between a shard and control that carry an RPC as opaque protobuf bytes
 * (docs/architecture.md#the-control-planes-way). One MessagePort per shard; `id` counts up within it.
 */
import type { Caller } from "./caller.ts";

/** Shard → control. */
export type TunnelRequest =
  /** An RPC of one request and one answer, whole. */
  | {
      readonly kind: "unary";
      readonly id: number;
      readonly path: string;
      readonly peer: string;
      readonly caller: Caller;
      readonly metadata: readonly (readonly [string, string])[];
      readonly bytes: Uint8Array;
    }
  | {
      readonly kind: "open";
      readonly id: number;
      /** `/package.Service/Method`. */
      readonly path: string;
      /** `address:port` of the client. */
      readonly peer: string;
      readonly caller: Caller;
      /** Without the caller's key. */
      readonly metadata: readonly (readonly [string, string])[];
    }
  | { readonly kind: "message"; readonly id: number; readonly bytes: Uint8Array }
  /** Control may send `count` more messages. */
  | { readonly kind: "credit"; readonly id: number; readonly count: number }
  /** The client has sent its last message. */
  | { readonly kind: "end"; readonly id: number }
  /** An answer of at least `limits.answerCountedBytesMin` has arrived. */
  | { readonly kind: "taken"; readonly bytes: number }
  /** The RPC is over for the client. */
  | { readonly kind: "cancel"; readonly id: number };

/** Control → shard. */
export type TunnelResponse =
  /** The answer to "unary", whole; without bytes when the code is not 0. */
  | {
      readonly kind: "answer";
      readonly id: number;
      readonly bytes?: Uint8Array;
      readonly code: number;
      readonly message: string;
    }
  | { readonly kind: "message"; readonly id: number; readonly bytes: Uint8Array }
  /** The shard may send `count` more messages. */
  | { readonly kind: "credit"; readonly id: number; readonly count: number }
  /** The last word of an RPC: a gRPC status code and its text. */
  | {
      readonly kind: "status";
      readonly id: number;
      readonly code: number;
      readonly message: string;
    };
