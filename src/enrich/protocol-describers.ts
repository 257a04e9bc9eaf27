/** The list of describers by protocol label. */
import type { Clock } from "../base/clock.ts";
import type { Describe } from "./description.ts";
import { describeDns } from "./dns.ts";
import { describeHttp } from "./http.ts";
import { MediaTable } from "./media-table.ts";
import {
  describeIkeV1,
  describeIkeV2,
  describeL2tp,
  describePptp,
  describeWireGuard,
} from "./message-type-info.ts";
import { tlsDescriber } from "./tls.ts";
import { rtpDescriber, sipDescriber } from "./voip.ts";

/** By label: what describes a packet of that protocol. Others have their label as `info`. */
export function protocolDescribers(clock: Clock): ReadonlyMap<string, Describe> {
  const media = new MediaTable();
  const seed = (clock.random() * 2 ** 32) >>> 0;
  return new Map<string, Describe>([
    ["SIP", sipDescriber(media, seed)],
    ["RTP", rtpDescriber(media)],
    ["DNS", describeDns],
    ["TLS", tlsDescriber(seed)],
    ["HTTP", describeHttp],
    ["WireGuard", describeWireGuard],
    ["IKEv2", describeIkeV2],
    ["IKEv1", describeIkeV1],
    ["L2TP", describeL2tp],
    ["PPTP", describePptp],
  ]);
}
