/**
 * The room of detection: gives each packet the label of its conversation.
 *
 * A conversation is hunter + VLAN or tunnel + both end points. Its first packets with payload are
 * shown to the detectors of `registry.ts`; from the verdict on every packet of it has the label, and
 * the earlier ones stay without (docs/architecture.md#one-batchs-way).
 */
import { type Clock, systemClock } from "../base/clock.ts";
import { limits } from "../config/limits.ts";
import { findLayers } from "../packet/find-layers.ts";
import { fragment, ipProtocol, Layers, tcpFlag } from "../packet/layers.ts";
import type { Batch } from "../pipeline/batch.ts";
import { setConversationKey, setFragmentKey, setTunnelKey } from "./conversation-key.ts";
import { ConversationTable } from "./conversation-table.ts";
import { streamPosition } from "./detector.ts";
import { type ProbeOrder, probeOrder } from "./probe-order.ts";
import { Prober } from "./prober.ts";
import { protocolCount, unlabelled } from "./registry.ts";

/** Bits of a conversation, for direction 0; those of direction 1 are one to the left. */
const flag = { isSequenceKnown: 1, isStartSeen: 4 } as const;

export interface DetectionOptions {
  /** Conversations remembered at once. Default: `limits.conversationsMax`. */
  readonly conversationsMax?: number;
  /** Source of the random seed of the tables. Default: the system's. */
  readonly clock?: Clock;
}

/** Detection of one shard. Not to be shared between threads. */
export interface Detection {
  /**
   * Sets `batch.labels[i]` to a protocol number for each packet that was not rejected, in order, and to
   * 0 for the others. Never throws on any bytes.
   */
  inspect(batch: Batch): void;
  /** Packets by protocol number since the start; index 0 counts those without a label. */
  readonly labelledPackets: Float64Array;
  /** Conversations forgotten to make room for others, total. */
  readonly evictions: number;
  /** Conversations remembered now. */
  readonly conversations: number;
}

export function createDetection(options: DetectionOptions = {}): Detection {
  const capacity = options.conversationsMax ?? limits.conversationsMax;
  const clock = options.clock ?? systemClock;
  return new PacketDetection(Math.max(1, capacity), (clock.random() * 2 ** 32) >>> 0);
}

class PacketDetection implements Detection {
  readonly labelledPackets = new Float64Array(protocolCount);

  private readonly table: ConversationTable;
  private readonly fragments: ConversationTable;
  private readonly prober: Prober;
  private readonly layers = new Layers();
  private readonly tcp: ProbeOrder = probeOrder("tcp");
  private readonly udp: ProbeOrder = probeOrder("udp");
  private readonly esp: ProbeOrder = probeOrder("esp");

  constructor(capacity: number, seed: number) {
    this.table = new ConversationTable(capacity, seed);
    this.fragments = new ConversationTable(limits.fragmentedDatagramsMax, ~seed);
    this.prober = new Prober(this.table);
  }

  get evictions(): number {
    return this.table.evictions;
  }

  get conversations(): number {
    return this.table.count;
  }

  inspect(batch: Batch): void {
    const { view, rejections, labels } = batch;
    const { bytes, dataStart, dataLength, linkType } = view;
    const counts = this.labelledPackets;
    const layers = this.layers;
    for (let index = 0; index < view.count; index++) {
      labels[index] = unlabelled;
      if (rejections[index] !== 0) continue;
      const start = dataStart[index] as number;
      const end = start + (dataLength[index] as number);
      let label: number = unlabelled;
      if (findLayers(layers, bytes, start, end, linkType[index] as number)) {
        label =
          layers.fragment === fragment.whole
            ? this.inspectPacket(bytes, batch.hunterNumber)
            : this.inspectFragment(bytes, batch.hunterNumber, packetSeconds(batch, index));
      }
      labels[index] = label;
      counts[label] = (counts[label] as number) + 1;
    }
  }

  /** Label of the packet in `layers`, which is whole or a first fragment. */
  private inspectPacket(bytes: Uint8Array, hunter: number): number {
    const layers = this.layers;
    const order = this.probeOrder(layers.protocol);
    if (order === undefined) return unlabelled;
    const table = this.table;
    const tunnel = layers.tunnelDepth === 0 ? 0 : this.findTunnel(bytes, hunter);
    const direction = setConversationKey(table.key, bytes, layers, hunter, tunnel);
    const entry = table.findOrAdd();
    if ((layers.tcpFlags & tcpFlag.syn) !== 0) this.noteSynchronize(entry, direction);
    const label = table.labels[entry] as number;
    if (label !== unlabelled || layers.payloadLength === 0) return label;
    const probes = table.probes[entry] as number;
    if (probes >= limits.conversationProbesMax) return unlabelled;
    const position = this.findPosition(entry, direction);
    if (position < 0) return unlabelled;
    table.probes[entry] = probes + 1;
    const verdict = this.prober.probe(order, bytes, layers, entry, direction, position);
    table.labels[entry] = verdict;
    return verdict;
  }

  private probeOrder(protocol: number): ProbeOrder | undefined {
    if (protocol === ipProtocol.tcp) return this.tcp;
    if (protocol === ipProtocol.udp) return this.udp;
    return protocol === ipProtocol.esp ? this.esp : undefined;
  }

  /** Serial number of the tunnel around the packet: inner addresses repeat in other tunnels. */
  private findTunnel(bytes: Uint8Array, hunter: number): number {
    const layers = this.layers;
    const table = this.table;
    let serial = 0;
    for (let index = 0; index < layers.tunnelDepth; index++) {
      setTunnelKey(table.key, bytes, layers, index, hunter, serial);
      serial = table.serials[table.findOrAdd()] as number;
    }
    return serial;
  }

  /**
   * A SYN with a sequence number that is not the known one opens a new connection, and with it a new
   * conversation, between the same end points (RFC 9293 section 3.5). A repeated SYN changes nothing.
   */
  private noteSynchronize(entry: number, direction: number): void {
    const { flags, sequences, labels, probes } = this.table;
    const { sequence, tcpFlags } = this.layers;
    const known = flag.isSequenceKnown << direction;
    const isKnown = ((flags[entry] as number) & known) !== 0;
    const isSame = isKnown && sequences[entry * 2 + direction] === sequence;
    if (isSame) return;
    if ((tcpFlags & tcpFlag.ack) !== 0) {
      // Several answers to one SYN: the last before the payload counts.
      if (isKnown && labels[entry] !== unlabelled) return;
    } else if (isKnown || probes[entry] !== 0) {
      this.table.restart(entry);
    }
    flags[entry] = (flags[entry] as number) | known;
    sequences[entry * 2 + direction] = sequence;
  }

  /** One of `streamPosition`, or -1 for the byte before the stream that a keep-alive repeats. */
  private findPosition(entry: number, direction: number): number {
    const { flags, sequences } = this.table;
    const known = flags[entry] as number;
    if ((known & (flag.isSequenceKnown << direction)) === 0) return streamPosition.unknown;
    const { sequence, tcpFlags } = this.layers;
    const initial = sequences[entry * 2 + direction] as number;
    const offset = (sequence - initial - ((tcpFlags & tcpFlag.syn) !== 0 ? 0 : 1)) | 0;
    if (offset === -1) return -1;
    const startSeen = flag.isStartSeen << direction;
    if (offset === 0) {
      flags[entry] = known | startSeen;
      return streamPosition.start;
    }
    const isLater = offset > 0 && (known & startSeen) !== 0;
    return isLater ? streamPosition.later : streamPosition.unknown;
  }

  /** Label of a fragment: later fragments have no ports, and take the label of their first one. */
  private inspectFragment(bytes: Uint8Array, hunter: number, seconds: number): number {
    const layers = this.layers;
    const isFirst = layers.fragment === fragment.first;
    const label = isFirst ? this.inspectPacket(bytes, hunter) : unlabelled;
    const tunnel = layers.tunnelDepth === 0 ? 0 : this.findTunnel(bytes, hunter);
    const fragments = this.fragments;
    setFragmentKey(fragments.key, bytes, layers, hunter, tunnel);
    if (isFirst) {
      const entry = fragments.findOrAdd();
      fragments.labels[entry] = label;
      fragments.sequences[entry * 2] = seconds;
      return label;
    }
    const entry = fragments.find();
    if (entry < 0) return unlabelled;
    // Identifications repeat: an old first fragment belongs to another datagram.
    const age = Math.abs(seconds - (fragments.sequences[entry * 2] as number));
    return age <= limits.fragmentAgeSecondsMax ? (fragments.labels[entry] as number) : unlabelled;
  }
}

/** Time of a packet in whole seconds since 1970, modulo 2^32. */
function packetSeconds(batch: Batch, index: number): number {
  const { packetTimeLow, packetTimeHigh } = batch.view;
  const nanoseconds =
    (packetTimeHigh[index] as number) * 2 ** 32 + (packetTimeLow[index] as number);
  return Math.floor(nanoseconds / 1e9) >>> 0;
}
