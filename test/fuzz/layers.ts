import { findLayers } from "../../src/packet/find-layers.ts";
import { Layers } from "../../src/packet/layers.ts";
import * as build from "../support/packets.ts";
import { concat, ethernet, uint16, uint32 } from "../support/packets.ts";
import { readCorpus } from "./corpus.ts";
import { check, type Fuzzer, type KeepInput, type Random, runRounds, surround } from "./fuzzer.ts";

const corpus = readCorpus();
const linkTypes = [0, 1, 9, 12, 14, 101, 108, 113, 147, 228, 229, 276];

/** Layers: right on packets that were built layer by layer, and tame on anything. */
export const layersFuzzer: Fuzzer = {
  name: "layers",
  run(seed, rounds) {
    runRounds("layers", seed, rounds, (random, keep) => {
      const built = buildPacket(random);
      checkBuilt(built, keep);
      checkTame(random, built.data, built.linkType, keep);
      checkTame(random, random.mutate(built.data), built.linkType, keep);
      if (corpus.length > 0) {
        const packet = random.pick(corpus);
        checkTame(random, random.mutate(packet.data), packet.linkType, keep);
      }
      checkTame(random, random.bytes(random.below(128)), random.pick(linkTypes), keep);
    });
  },
};

interface BuiltPacket {
  readonly linkType: number;
  readonly data: Uint8Array;
  readonly protocol: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payload: Uint8Array;
  readonly vlan: number;
  readonly tunnelDepth: number;
}

/** From the inside out: payload, TCP or UDP, IP, tunnels, link. */
function buildPacket(random: Random): BuiltPacket {
  const payload = random.bytes(random.below(64));
  const isTcp = random.isChance(50);
  const ports = { sourcePort: random.below(65_536), destinationPort: random.below(65_536) };
  const protocol = isTcp ? 6 : 17;
  const transport = isTcp
    ? build.tcpSegment({ ...ports, options: random.below(11) * 4 }, payload)
    : build.udpDatagram(ports, payload);
  let isIpv6 = random.isChance(40);
  let inside = buildInternet(random, isIpv6, protocol, transport);
  const tunnelDepth = random.isChance(70) ? 0 : random.between(1, 2);
  for (let depth = 0; depth < tunnelDepth; depth++) {
    const isOuterIpv6 = random.isChance(30);
    if (random.isChance(50)) {
      inside = buildInternet(random, isOuterIpv6, isIpv6 ? 41 : 4, inside);
    } else {
      inside = buildInternet(random, isOuterIpv6, 47, buildGre(random, isIpv6, inside));
    }
    isIpv6 = isOuterIpv6;
  }
  const link = buildLink(random, isIpv6, inside);
  return { ...link, ...ports, protocol, payload, tunnelDepth };
}

function buildInternet(
  random: Random,
  isIpv6: boolean,
  protocol: number,
  inside: Uint8Array,
): Uint8Array {
  if (!isIpv6) {
    const fields = {
      protocol,
      source: [...random.bytes(4)],
      destination: [...random.bytes(4)],
      options: random.below(11) * 4,
    };
    return build.ipv4(fields, inside);
  }
  let nextHeader = protocol;
  let extended = inside;
  for (let headers = random.below(3); headers > 0; headers--) {
    const type = random.pick([0, 43, 60]);
    const units = random.below(3);
    extended = concat([nextHeader, units], random.bytes(units * 8 + 6), extended);
    nextHeader = type;
  }
  const addresses = { source: [...random.bytes(16)], destination: [...random.bytes(16)] };
  return build.ipv6({ nextHeader, ...addresses }, extended);
}

function buildGre(random: Random, isIpv6: boolean, inside: Uint8Array): Uint8Array {
  const etherType = isIpv6 ? 0x86dd : 0x0800;
  const flags = random.pick([0, 0x2000, 0x8000, 0xb000, 0x1000]);
  const checksum = (flags & 0x8000) !== 0 ? random.bytes(4) : [];
  const key = (flags & 0x2000) !== 0 ? random.bytes(4) : [];
  const sequence = (flags & 0x1000) !== 0 ? random.bytes(4) : [];
  const isFrame = random.isChance(25);
  const type = isFrame ? 0x6558 : etherType;
  const body = isFrame ? ethernet(etherType, inside) : inside;
  return concat(uint16(flags), uint16(type), checksum, key, sequence, body);
}

function buildLink(
  random: Random,
  isIpv6: boolean,
  inside: Uint8Array,
): { linkType: number; data: Uint8Array; vlan: number } {
  const etherType = isIpv6 ? 0x86dd : 0x0800;
  const padding = random.bytes(random.below(20));
  switch (random.below(8)) {
    case 0:
      return { linkType: random.pick([12, 14, 101, isIpv6 ? 229 : 228]), data: inside, vlan: 0 };
    case 1: {
      const header = concat(random.bytes(14), uint16(etherType));
      return { linkType: 113, data: concat(header, inside), vlan: 0 };
    }
    case 2:
      return { linkType: 276, data: concat(uint16(etherType), random.bytes(18), inside), vlan: 0 };
    case 3: {
      const inner = random.below(4096);
      const outer = random.below(4096);
      const tagged = build.vlanTag(inner, etherType, concat(inside, padding));
      const data = ethernet(0x88a8, build.vlanTag(outer, 0x8100, tagged));
      return { linkType: random.below(2), data, vlan: (outer << 12) | inner };
    }
    case 4: {
      const protocol = isIpv6 ? 0x57 : 0x21;
      const session = concat([0x11, 0], random.bytes(4), [0, protocol], inside, padding);
      return { linkType: 1, data: ethernet(0x8864, session), vlan: 0 };
    }
    case 5: {
      const labels = concat(uint32(random.below(4096) << 12), uint32(0x1140));
      return { linkType: 1, data: ethernet(0x8847, concat(labels, inside)), vlan: 0 };
    }
    case 6:
      return { linkType: 0, data: concat([isIpv6 ? 30 : 2, 0, 0, 0], inside), vlan: 0 };
    default:
      return { linkType: 1, data: ethernet(etherType, concat(inside, padding)), vlan: 0 };
  }
}

function checkBuilt(built: BuiltPacket, keep: KeepInput): void {
  keep(built.data);
  const layers = new Layers();
  const { data } = built;
  // Two bytes of an address family and an EtherType can coincide: then it is Ethernet for us.
  if (built.linkType === 0 && built.vlan === 0 && isLikeEthernet(data)) return;
  check(findLayers(layers, data, 0, data.length, built.linkType), "built packet was not found");
  check(layers.protocol === built.protocol, `protocol ${layers.protocol}`);
  check(layers.sourcePort === built.sourcePort, `source port ${layers.sourcePort}`);
  check(layers.destinationPort === built.destinationPort, `port ${layers.destinationPort}`);
  check(layers.tunnelDepth === built.tunnelDepth, `tunnels ${layers.tunnelDepth}`);
  check(layers.vlan === built.vlan, `VLANs ${layers.vlan}`);
  const found = data.subarray(layers.payloadStart, layers.payloadStart + layers.payloadLength);
  check(Buffer.compare(found, built.payload) === 0, "payload differs");
  check(layers.payloadLengthOnWire === built.payload.length, "length on the wire differs");
}

function isLikeEthernet(data: Uint8Array): boolean {
  const type = ((data[12] as number) << 8) | (data[13] as number);
  return [0x0800, 0x86dd, 0x8100, 0x88a8, 0x9100, 0x9200, 0x8847, 0x8848, 0x8864].includes(type);
}

/** The same answer whatever stands around the packet, and positions inside of it. */
function checkTame(random: Random, data: Uint8Array, linkType: number, keep: KeepInput): void {
  keep(data);
  const offset = random.between(1, 40);
  // What was cut off is the best bait for a read past the end.
  const cut = random.below(data.length + 1);
  const inPlace = describe(data, 0, cut, linkType);
  const alone = describe(data.slice(0, cut), 0, cut, linkType);
  check(inPlace === alone, `reads past ${cut} of ${data.length}: ${inPlace} and ${alone}`);
  const first = describe(data, 0, data.length, linkType);
  for (const filler of [0x00, 0xff, 0x45, 0x11]) {
    const bytes = surround(data, offset, filler);
    const second = describe(bytes, offset, offset + data.length, linkType);
    check(first === second, `depends on bytes around the packet: ${first} and ${second}`);
  }
}

function describe(bytes: Uint8Array, start: number, end: number, linkType: number): string {
  const layers = new Layers();
  if (!findLayers(layers, bytes, start, end, linkType)) return "none";
  const addressBytes = layers.ipVersion === 4 ? 4 : 16;
  const isInside = (at: number, length: number) => at >= start && length >= 0 && at + length <= end;
  check(layers.ipVersion === 4 || layers.ipVersion === 6, `IP version ${layers.ipVersion}`);
  check(isInside(layers.sourceAt, addressBytes), "source address is outside");
  check(isInside(layers.destinationAt, addressBytes), "destination address is outside");
  check(layers.payloadLength <= layers.payloadLengthOnWire, "more captured than on the wire");
  const payloadInside =
    layers.payloadLength === 0 || isInside(layers.payloadStart, layers.payloadLength);
  check(payloadInside && layers.payloadLength >= 0, "payload is outside");
  const tunnels: string[] = [];
  for (let index = 0; index < layers.tunnelDepth; index++) {
    const length = layers.tunnelIpVersion(index) === 4 ? 4 : 16;
    check(isInside(layers.tunnelSourceAt(index), length), "tunnel source is outside");
    check(isInside(layers.tunnelDestinationAt(index), length), "tunnel destination is outside");
    tunnels.push(`${layers.tunnelProtocol(index)}/${layers.tunnelKey(index)}`);
  }
  return [
    layers.ipVersion,
    layers.sourceAt - start,
    layers.destinationAt - start,
    layers.protocol,
    layers.fragment,
    layers.identification,
    layers.sourcePort,
    layers.destinationPort,
    layers.tcpFlags,
    layers.sequence,
    layers.payloadLength === 0 ? 0 : layers.payloadStart - start,
    layers.payloadLength,
    layers.payloadLengthOnWire,
    layers.vlan,
    layers.session,
    ...tunnels,
  ].join(" ");
}
