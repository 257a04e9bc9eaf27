/** Describes SIP and RTP packets. */
import { dissectRtp, isRtcp, rtpCodecName } from "../dissect/rtp.ts";
import { dissectSip, type SipMessage } from "../dissect/sip.ts";
import { ipProtocol } from "../packet/layers.ts";
import type { Describe, Subject } from "./description.ts";
import { directionKey } from "./direction-key.ts";
import type { FieldWriter } from "./field-writer.ts";
import { type GivenMetadata, metadataField, sipField } from "./given-metadata.ts";
import type { MediaTable } from "./media-table.ts";
import { type SipReading, SipStream } from "./sip-stream.ts";

const rtpField = { ssrc: 1, payloadType: 2, sequence: 3, timestamp: 4 } as const;

/**
 * SIP. For responses `info` is code and reason, not the `SIP` of existing nodes: nothing parses this
 * text, and people read it (docs/wire.md#labels). `seed`: a random 32-bit number.
 */
export function sipDescriber(media: MediaTable, seed: number): Describe {
  const stream = new SipStream();
  return (subject, writer) => {
    const { hunter, nowMs, given } = subject;
    const reading = readSip(stream, subject, seed);
    if (reading === undefined) return sipInfo(undefined, given);
    const { message, isHeadNew } = reading;
    media.announce(hunter, message.callId, message.media, nowMs);
    if (isHeadNew) writeSip(writer, message, given);
    // A segment that continues a message is no second one.
    return sipInfo(isHeadNew || !message.isHeadWhole ? message : undefined, given);
  };
}

function readSip(stream: SipStream, subject: Subject, seed: number): SipReading | undefined {
  const { bytes, start, end, layers, given } = subject;
  const isCut = end - start < layers.payloadLengthOnWire;
  // A hunter that gives SIP has put the message together itself.
  if (layers.protocol === ipProtocol.tcp && !isCut && !given.has(metadataField.sip)) {
    return stream.read(directionKey(subject, seed), layers.sequence, bytes, start, end);
  }
  const message = dissectSip(bytes, start, end);
  return message && { message, isHeadNew: true };
}

function sipInfo(message: SipMessage | undefined, given: GivenMetadata): string {
  const code = given.responseCode || message?.responseCode || 0;
  const reason = message?.responseCode === code ? message.reason : "";
  if (code !== 0) return reason === "" ? String(code) : `${code} ${reason}`;
  return given.sipMethod || message?.method || "SIP";
}

function writeSip(writer: FieldWriter, message: SipMessage, given: GivenMetadata): void {
  const mark = writer.begin(metadataField.sip);
  const text = (field: number, value: string): void => {
    if (!given.hasSip(field)) writer.text(field, value);
  };
  // The hunter's method and code tell of one message: half of it is not for us to add.
  const hasStart = given.hasSip(sipField.method) || given.hasSip(sipField.responseCode);
  if (!hasStart) {
    writer.text(sipField.method, message.method);
    writer.number(sipField.responseCode, message.responseCode);
  }
  text(sipField.callId, message.callId);
  text(sipField.fromUser, message.fromUser);
  text(sipField.toUser, message.toUser);
  text(sipField.pAssertedIdentity, message.pAssertedIdentity);
  text(sipField.fromTag, message.fromTag);
  text(sipField.toTag, message.toTag);
  text(sipField.fromUri, message.fromUri);
  text(sipField.toUri, message.toUri);
  text(sipField.cseqMethod, message.cseqMethod);
  writer.end(mark);
}

/** RTP, with the Call-ID that its address was announced with. RTCP says only that it is that. */
export function rtpDescriber(media: MediaTable): Describe {
  return ({ bytes, start, end, hunter, nowMs, layers, given }, writer) => {
    if (given.has(metadataField.rtp)) return rtpCodecName(given.payloadType);
    const header = dissectRtp(bytes, start, end);
    if (header === undefined) return isRtcp(bytes, start, end) ? "RTP stream" : "RTP";
    const mark = writer.begin(metadataField.rtp);
    writer.number(rtpField.ssrc, header.ssrc);
    writer.number(rtpField.payloadType, header.payloadType);
    writer.number(rtpField.sequence, header.sequence);
    writer.number(rtpField.timestamp, header.timestamp);
    writer.end(mark);
    const callId = given.has(metadataField.sip) ? "" : media.find(hunter, bytes, layers, nowMs);
    if (callId !== "") {
      const sipMark = writer.begin(metadataField.sip);
      writer.text(sipField.callId, callId);
      writer.end(sipMark);
    }
    return rtpCodecName(header.payloadType);
  };
}
