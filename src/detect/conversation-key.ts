/** Keys of the conversation table: conversations, tunnels and fragments. */
import { type Layers, uint32At } from "../packet/layers.ts";

/** Words of a key: hunter, VLANs, PPPoE session, tunnel, protocol and IP version, ports, addresses. */
export const keyWordsMax = 14;
const addressWord = 6;

const laterFragment = 0x1_0000;
const tunnel = 0x2_0000;

/** Words of a key in use, which follow from its IP version. */
export function keyWords(key: Uint32Array, at: number): number {
  return ((key[at + 4] as number) & 0xff) === 4 ? addressWord + 2 : keyWordsMax;
}

function setContext(key: Uint32Array, layers: Layers, hunter: number, tunnelSerial: number): void {
  key[0] = hunter;
  key[1] = layers.vlan;
  key[2] = layers.session;
  key[3] = tunnelSerial;
}

/**
 * Fills `key` with the conversation of `layers`: the same words for both directions. Returns the
 * direction: 0 when the source is the lower end point, else 1. Addresses are held whole, so that equal keys
 * are one conversation.
 */
export function setConversationKey(
  key: Uint32Array,
  bytes: Uint8Array,
  layers: Layers,
  hunter: number,
  tunnelSerial: number,
): number {
  setContext(key, layers, hunter, tunnelSerial);
  key[4] = (layers.protocol << 8) | layers.ipVersion;
  const words = layers.ipVersion === 4 ? 1 : 4;
  let order = 0;
  for (let word = 0; word < words && order === 0; word++) {
    order =
      uint32At(bytes, layers.sourceAt + word * 4) -
      uint32At(bytes, layers.destinationAt + word * 4);
  }
  if (order === 0) order = layers.sourcePort - layers.destinationPort;
  if (order <= 0) {
    key[5] = (layers.sourcePort << 16) | layers.destinationPort;
    setAddresses(key, bytes, layers.sourceAt, layers.destinationAt, words);
    return 0;
  }
  key[5] = (layers.destinationPort << 16) | layers.sourcePort;
  setAddresses(key, bytes, layers.destinationAt, layers.sourceAt, words);
  return 1;
}

function setAddresses(
  key: Uint32Array,
  bytes: Uint8Array,
  first: number,
  second: number,
  words: number,
): void {
  for (let word = 0; word < words; word++) {
    key[addressWord + word] = uint32At(bytes, first + word * 4);
    key[addressWord + words + word] = uint32At(bytes, second + word * 4);
  }
}

/** Fills `key` with the tunnel `index` of `layers`, both directions alike, inside `tunnelSerial`. */
export function setTunnelKey(
  key: Uint32Array,
  bytes: Uint8Array,
  layers: Layers,
  index: number,
  hunter: number,
  tunnelSerial: number,
): void {
  setContext(key, layers, hunter, tunnelSerial);
  const version = layers.tunnelIpVersion(index);
  key[4] = tunnel | (layers.tunnelProtocol(index) << 8) | version;
  key[5] = layers.tunnelKey(index);
  const words = version === 4 ? 1 : 4;
  const source = layers.tunnelSourceAt(index);
  const destination = layers.tunnelDestinationAt(index);
  let order = 0;
  for (let word = 0; word < words && order === 0; word++) {
    order = uint32At(bytes, source + word * 4) - uint32At(bytes, destination + word * 4);
  }
  if (order <= 0) setAddresses(key, bytes, source, destination, words);
  else setAddresses(key, bytes, destination, source, words);
}

/** Fills `key` with the fragmented datagram of `layers`: its source, destination and identification. */
export function setFragmentKey(
  key: Uint32Array,
  bytes: Uint8Array,
  layers: Layers,
  hunter: number,
  tunnelSerial: number,
): void {
  setContext(key, layers, hunter, tunnelSerial);
  // IPv4 tells datagrams apart by protocol too (RFC 791); IPv6 does not (RFC 8200 section 4.5).
  const protocol = layers.ipVersion === 4 ? layers.protocol << 8 : 0;
  key[4] = laterFragment | protocol | layers.ipVersion;
  key[5] = layers.identification;
  const words = layers.ipVersion === 4 ? 1 : 4;
  setAddresses(key, bytes, layers.sourceAt, layers.destinationAt, words);
}
