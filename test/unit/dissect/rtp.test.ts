import { expect, test } from "bun:test";
import { dissectRtp, isRtcp, rtpCodecName } from "../../../src/dissect/rtp.ts";
import { hex } from "../../support/packets.ts";

const packet = hex("80 88 1234 00000140 deadbeef d5d5d5d5");

test("an RTP header gives its fields", () => {
  expect(dissectRtp(packet, 0, packet.length)).toEqual({
    payloadType: 8,
    sequence: 0x1234,
    timestamp: 320,
    ssrc: 0xdeadbeef,
  });
});

test("what is cut off, of another version or RTCP has none", () => {
  expect(dissectRtp(packet, 0, 11)).toBeUndefined();
  expect(dissectRtp(hex("8f 88 1234 00000140 deadbeef d5d5d5d5"), 0, 16)).toBeUndefined();
  expect(dissectRtp(hex("40 88 1234 00000140 deadbeef d5d5d5d5"), 0, 16)).toBeUndefined();
  const report = hex("80 c8 0006 deadbeef 00000000 00000000");
  expect(dissectRtp(report, 0, 16)).toBeUndefined();
  expect(isRtcp(report, 0, 16)).toBe(true);
  expect(isRtcp(packet, 0, packet.length)).toBe(false);
});

test("payload types have the names that clients know", () => {
  expect([0, 8, 9, 18, 96, 127].map(rtpCodecName)).toEqual([
    "PCMU",
    "PCMA",
    "G722",
    "G729",
    "Dynamic-96",
    "Dynamic-127",
  ]);
  expect(rtpCodecName(77)).toBe("PT-77");
});
