/** Our reading of SIP and RTP against tshark's, packet by packet, on captures of real calls. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { dissectRtp } from "../../src/dissect/rtp.ts";
import { dissectSip } from "../../src/dissect/sip.ts";
import { findLayers } from "../../src/packet/find-layers.ts";
import { Layers } from "../../src/packet/layers.ts";
import { readCapture, sharedCaptures } from "../support/captures.ts";
import { capturesFolder } from "../support/expected-flows.ts";
import { hasTshark, tsharkFields } from "../support/wireshark.ts";

const shared = sharedCaptures();
const rtpPath = join(capturesFolder, "rtp.pcap");
const paths = [join(capturesFolder, "sip.pcapng"), rtpPath];
if (shared !== undefined) paths.push(join(shared, "sip.pcap"));
if (!hasTshark) console.log("skipped: SIP and RTP against tshark (it is not installed)");

const fields = [
  "frame.number",
  "sip.Method",
  "sip.Status-Code",
  "sip.Call-ID",
  "sip.from.user",
  "sip.from.tag",
  "sip.to.user",
  "sip.to.tag",
  "sip.CSeq.method",
  "sdp.connection_info.address",
  "sdp.media.port",
];

describe.skipIf(!hasTshark)("SIP", () => {
  test.each(paths)("is read as tshark reads it: %s", (path) => {
    const packets = readCapture(path);
    // Reassembly off: each segment is read by itself, as ours does.
    const rows = tsharkFields(path, fields, ["-Y", "sip", "-o", "tcp.desegment_tcp_streams:FALSE"]);
    expect(rows.length).toBeGreaterThan(10);
    const ours = rows.map(([number = "0"]) => {
      const { data, linkType } = packets[Number(number) - 1]!;
      return [number, ...dissect(data, linkType)];
    });
    expect(ours).toEqual(rows);
  });
});

test.skipIf(!hasTshark)("RTP is read as tshark reads it", () => {
  const packets = readCapture(rtpPath);
  const names = ["rtp.ssrc", "rtp.p_type", "rtp.seq", "rtp.timestamp"];
  const rows = tsharkFields(rtpPath, ["frame.number", ...names], ["-Y", "rtp"]);
  expect(rows.length).toBe(100);
  for (const [number = "0", ...fields] of rows) {
    const { data, linkType } = packets[Number(number) - 1]!;
    const layers = new Layers();
    findLayers(layers, data, 0, data.length, linkType);
    const end = layers.payloadStart + layers.payloadLength;
    const rtp = dissectRtp(data, layers.payloadStart, end)!;
    const ours = [rtp.ssrc, rtp.payloadType, rtp.sequence, rtp.timestamp];
    expect(ours, number).toEqual(fields.map(Number));
  }
});

function dissect(data: Uint8Array, linkType: number): string[] {
  const layers = new Layers();
  if (!findLayers(layers, data, 0, data.length, linkType)) return [];
  const end = layers.payloadStart + layers.payloadLength;
  const sip = dissectSip(data, layers.payloadStart, end);
  if (sip === undefined) return [];
  return [
    sip.method,
    sip.responseCode === 0 ? "" : String(sip.responseCode),
    sip.callId,
    sip.fromUser,
    sip.fromTag,
    sip.toUser,
    sip.toTag,
    sip.cseqMethod,
    sip.media.map((media) => media.address).join(","),
    sip.media.map((media) => media.port).join(","),
  ];
}
