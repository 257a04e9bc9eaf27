/** Running totals of a hunt, for the processor, the progress line and the summary. */
export interface Tally {
  packetsRead: number;
  /** Packet bytes read, without any headers. */
  dataBytesRead: number;
  packetsAcked: number;
  batchesAcked: number;
  /** Batches that the processor rejected twice. */
  batchesSetAside: number;
  packetsSetAside: number;
  /** Acknowledgements that named rejected packets. */
  ackErrors: number;
  reconnects: number;
  /** How often the processor said PAUSE. */
  pauses: number;
  /** Names of the interfaces that packets came from, the first few. */
  readonly interfaces: Set<string>;
}

export function createTally(): Tally {
  return {
    packetsRead: 0,
    dataBytesRead: 0,
    packetsAcked: 0,
    batchesAcked: 0,
    batchesSetAside: 0,
    packetsSetAside: 0,
    ackErrors: 0,
    reconnects: 0,
    pauses: 0,
    interfaces: new Set(),
  };
}
