/** Forms of link layers, and where the network header begins. */
import { isLoopbackFrame } from "../packet/link-layer.ts";

/** How packets of a link type begin. */
export type LinkForm =
  | "ethernet"
  | "cooked"
  | "cooked2"
  | "ppp"
  | "loopback"
  | "loopback-any-order"
  | "raw"
  | "ipv4"
  | "ipv6"
  | "unknown";

/**
 * The form of a packet by its LINKTYPE number (tcpdump.org/linktypes.html). 0 is Ethernet on the
 * wire of existing hunters, except where it is a BSD loopback (`src/packet/link-layer.ts`).
 */
export function linkFormOf(
  bytes: Uint8Array,
  start: number,
  end: number,
  linkType: number,
): LinkForm {
  switch (linkType) {
    case 1:
      return "ethernet";
    case 0:
      return isLoopbackFrame(bytes, start, end) ? "loopback-any-order" : "ethernet";
    case 113:
      return "cooked";
    case 276:
      return "cooked2";
    case 9:
      return "ppp";
    case 108:
      return "loopback";
    case 12:
    case 14:
    case 101:
      return "raw";
    case 228:
      return "ipv4";
    case 229:
      return "ipv6";
    default:
      return "unknown";
  }
}

/** Offsets of the type field and of what it announces, from the begin of the packet. */
const offsets: Readonly<Record<LinkForm, readonly [type: number, payload: number]>> = {
  ethernet: [12, 14],
  cooked: [14, 16],
  cooked2: [0, 20],
  ppp: [2, 4],
  loopback: [0, 4],
  "loopback-any-order": [0, 4],
  raw: [0, 0],
  ipv4: [0, 0],
  ipv6: [0, 0],
  unknown: [0, 0],
};

/**
 * Where things are in a packet, as the part of the expression that was read so far has it: `vlan`,
 * `mpls` and `pppoes` move what all tests behind them look at, whether they match or not.
 */
export class LinkLayout {
  form: LinkForm;
  linkAt = 0;
  typeAt: number;
  payloadAt: number;
  /** MPLS labels that `payloadAt` has passed. */
  labels = 0;

  constructor(form: LinkForm) {
    this.form = form;
    [this.typeAt, this.payloadAt] = offsets[form];
  }

  enterVlan(): void {
    this.typeAt += 4;
    this.payloadAt += 4;
  }

  enterMpls(): void {
    this.labels++;
    this.payloadAt += 4;
  }

  /** Behind the six bytes of a PPPoE header is a PPP protocol number (RFC 2516). */
  enterPppoe(): void {
    this.form = "ppp";
    this.linkAt = this.payloadAt + 6;
    this.typeAt = this.linkAt;
    this.payloadAt = this.linkAt + 2;
  }
}
