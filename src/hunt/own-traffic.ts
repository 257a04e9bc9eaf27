/**
 * The hunter's own connection in what it captures. A capture of the interface that the packets leave by
 * holds each of them again, and would grow without end: packets of that connection are left out.
 */
import { parseAddress } from "../base/address-text.ts";
import { plainAddress } from "../base/peer-text.ts";
import { limits } from "../config/limits.ts";
import type { ConnectionEnds } from "../dial/http2-channel.ts";
import { findLayers } from "../packet/find-layers.ts";
import { fragment, ipProtocol, Layers } from "../packet/layers.ts";
import type { CapturePacket } from "./capture-packet.ts";

interface End {
  readonly address: Uint8Array;
  readonly port: number;
}

export class OwnTraffic {
  /** Packets that were left out. */
  packets = 0;
  /** The connection of now, and those before it, whose packets may still be read. */
  private readonly connections: (readonly [End, End])[] = [];
  private readonly layers = new Layers();
  private readonly onFirst: () => void;

  /** @param onFirst called when the first packet is left out */
  constructor(onFirst: () => void) {
    this.onFirst = onFirst;
  }

  add({ localAddress, localPort, remoteAddress, remotePort }: ConnectionEnds): void {
    const local = parseAddress(plainAddress(localAddress));
    const remote = parseAddress(plainAddress(remoteAddress));
    if (local === undefined || remote === undefined) return;
    this.connections.push([
      { address: local, port: localPort },
      { address: remote, port: remotePort },
    ]);
    if (this.connections.length > limits.huntOwnConnectionsMax) this.connections.shift();
  }

  /** Whether the packet is of the connection, in either direction; counts it. */
  takes({ data, linkType }: CapturePacket): boolean {
    const { layers, connections } = this;
    if (connections.length === 0) return false;
    if (!findLayers(layers, data, 0, data.length, linkType)) return false;
    if (layers.protocol !== ipProtocol.tcp || layers.fragment !== fragment.whole) return false;
    const { sourcePort, destinationPort, sourceAt, destinationAt } = layers;
    const isOwn = connections.some(
      ([local, remote]) =>
        (isAt(data, sourceAt, sourcePort, local) &&
          isAt(data, destinationAt, destinationPort, remote)) ||
        (isAt(data, sourceAt, sourcePort, remote) &&
          isAt(data, destinationAt, destinationPort, local)),
    );
    if (!isOwn) return false;
    if (this.packets++ === 0) this.onFirst();
    return true;
  }
}

function isAt(data: Uint8Array, at: number, port: number, end: End): boolean {
  if (port !== end.port) return false;
  const { address } = end;
  for (let index = 0; index < address.length; index++) {
    if (data[at + index] !== address[index]) return false;
  }
  return true;
}
