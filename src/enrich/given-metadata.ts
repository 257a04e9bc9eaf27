/** What a hunter says of a packet itself: it always wins (docs/wire.md#checklist, 14). */
import { FieldCursor, wireType } from "../wire/field-cursor.ts";

/** Field numbers of PacketMetadata. */
export const metadataField = {
  protocol: 1,
  sourceIp: 2,
  destinationIp: 3,
  sourcePort: 4,
  destinationPort: 5,
  transport: 6,
  sip: 7,
  rtp: 8,
  info: 9,
  details: 10,
  dns: 12,
} as const;

/** Field numbers of SIPMetadata. */
export const sipField = {
  method: 1,
  callId: 2,
  fromUser: 3,
  toUser: 4,
  responseCode: 5,
  pAssertedIdentity: 6,
  fromTag: 7,
  toTag: 8,
  fromUri: 9,
  toUri: 10,
  cseqMethod: 13,
} as const;

/** Keys of `details` that the node writes; what else a hunter has there is no concern of ours. */
const detailKeys = [
  ...(["version", "alpn", "sni", "ja3", "ja3s", "ja4"] as const),
  ...(["method", "host", "path", "user_agent", "status", "content_type"] as const),
];
export type DetailKey = (typeof detailKeys)[number];
const detailKeySet: ReadonlySet<string> = new Set(detailKeys);
const detailKeyBytesMax = Math.max(...detailKeys.map((key) => key.length));

const rtpPayloadType = 2;
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The fields that are not empty, over all occurrences of `metadata` in a packet. */
export class GivenMetadata {
  /** Bit n: field n of PacketMetadata; of `sip`: field n of SIPMetadata. */
  fields = 0;
  sip = 0;
  protocol = "";
  sipMethod = "";
  responseCode = 0;
  payloadType = 0;
  /** Of the keys that the node would write. */
  readonly detailKeys: Set<string> = new Set();
  private readonly metadata = new FieldCursor();
  private readonly inner = new FieldCursor();

  has(field: number): boolean {
    return (this.fields & (1 << field)) !== 0;
  }

  hasSip(field: number): boolean {
    return (this.sip & (1 << field)) !== 0;
  }

  clear(): void {
    this.fields = 0;
    this.sip = 0;
    this.protocol = "";
    this.sipMethod = "";
    this.responseCode = 0;
    this.payloadType = 0;
    this.detailKeys.clear();
  }

  /** Adds what one `metadata`, which is sound, says; what comes later overrides. */
  add(bytes: Uint8Array, start: number, end: number): void {
    const cursor = this.metadata;
    cursor.open(bytes, start, end);
    while (cursor.next()) {
      // An RTP header that is all zero still says that the packet is RTP.
      const isGiven = cursor.field === metadataField.rtp || !isEmpty(cursor);
      if (cursor.field >= 32 || !isGiven) continue;
      this.fields |= 1 << cursor.field;
      if (cursor.field === metadataField.protocol) this.protocol = textOf(bytes, cursor);
      else if (cursor.field === metadataField.sip) this.addSip(bytes, cursor);
      else if (cursor.field === metadataField.rtp) this.addRtp(bytes, cursor);
      else if (cursor.field === metadataField.details) this.addDetail(bytes, cursor);
    }
  }

  private addSip(bytes: Uint8Array, { start, end }: FieldCursor): void {
    const cursor = this.inner;
    cursor.open(bytes, start, end);
    while (cursor.next()) {
      if (cursor.field >= 32 || isEmpty(cursor)) continue;
      this.sip |= 1 << cursor.field;
      if (cursor.field === sipField.method) this.sipMethod = textOf(bytes, cursor);
      if (cursor.field === sipField.responseCode) this.responseCode = cursor.low;
    }
  }

  private addRtp(bytes: Uint8Array, { start, end }: FieldCursor): void {
    const cursor = this.inner;
    cursor.open(bytes, start, end);
    while (cursor.next()) if (cursor.field === rtpPayloadType) this.payloadType = cursor.low;
  }

  private addDetail(bytes: Uint8Array, { start, end }: FieldCursor): void {
    const cursor = this.inner;
    cursor.open(bytes, start, end);
    let key = "";
    while (cursor.next()) {
      const isShort = cursor.end - cursor.start <= detailKeyBytesMax;
      if (cursor.field === 1) key = isShort ? textOf(bytes, cursor) : "";
    }
    if (detailKeySet.has(key)) this.detailKeys.add(key);
  }
}

function isEmpty(cursor: FieldCursor): boolean {
  if (cursor.type === wireType.varint) return cursor.low === 0 && cursor.high === 0;
  return cursor.start === cursor.end;
}

function textOf(bytes: Uint8Array, { start, end }: FieldCursor): string {
  return decoder.decode(bytes.subarray(start, end));
}
