/** What two shards say to each other. One MessagePort for each pair; both may say everything. */
export type MeshMessage =
  /** Live views on the sender want batches of the receiver's hunters; `audience` is the sender's number. */
  | {
      readonly kind: "want";
      readonly audience: number;
      readonly hunters: readonly string[] | undefined;
      readonly expression: string;
    }
  | { readonly kind: "unwant"; readonly audience: number }
  /** Whole messages for an audience of the receiver: DATA frames with `length` bytes of payload. */
  | {
      readonly kind: "bundle";
      readonly audience: number;
      readonly bytes: Uint8Array;
      readonly length: number;
      readonly batches: number;
    }
  /** Batches for an audience of the receiver that found no credit. */
  | { readonly kind: "missed"; readonly audience: number; readonly batches: number }
  /** So many bytes of bundles have arrived: as many may follow. */
  | { readonly kind: "credit"; readonly bytes: number };
