/** The list of detectors, and the numbers and labels of protocols. */
import type { Detector } from "./detector.ts";
import { dns } from "./detectors/dns.ts";
import { esp } from "./detectors/esp.ts";
import { http } from "./detectors/http.ts";
import { ikeV1 } from "./detectors/ike-v1.ts";
import { ikeV2 } from "./detectors/ike-v2.ts";
import { l2tp } from "./detectors/l2tp.ts";
import { mysql } from "./detectors/mysql.ts";
import { openvpn } from "./detectors/openvpn.ts";
import { postgresql } from "./detectors/postgresql.ts";
import { pptp } from "./detectors/pptp.ts";
import { rtp } from "./detectors/rtp.ts";
import { sip } from "./detectors/sip.ts";
import { tls } from "./detectors/tls.ts";
import { wireguard } from "./detectors/wireguard.ts";

/**
 * All detectors in the order in which they are asked: the surest first. The protocol number of a
 * detector is its place from 1 on; numbers live as long as the process, never on the wire or a disk.
 */
export const detectors: readonly Detector[] = [
  sip,
  http,
  tls,
  wireguard,
  ikeV2,
  ikeV1,
  pptp,
  l2tp,
  openvpn,
  dns,
  rtp,
  mysql,
  postgresql,
  esp,
];

/** Protocol number of packets without a label. */
export const unlabelled = 0;

/** Protocol numbers in use: those of the detectors and 0. */
export const protocolCount: number = detectors.length + 1;

/** Label of a protocol number as clients know it (docs/wire.md#labels); "" for 0 and unknown ones. */
export function protocolName(protocol: number): string {
  return detectors[protocol - 1]?.name ?? "";
}

/** Protocol number of a label; `unlabelled` for a label that no detector has. */
export function protocolNumber(name: string): number {
  return detectors.findIndex((detector) => detector.name === name) + 1;
}
