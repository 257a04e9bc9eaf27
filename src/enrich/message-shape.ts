/** The fields of the messages in a packet (docs/wire.md#messages), to check what hunters sent. */

/** What a field holds besides messages; `none` for numbers that no field has. */
export const content = { none: -1, varint: 0, double: 1, bytes: 2, text: 3 } as const;

/** By field number: one of `content`, or the shape of the message that it holds. */
export type Shape = readonly (number | Shape)[];

const { none, varint, double, bytes, text } = content;

/** An entry of a map: half of it is of no use. */
export const mapEntry: Shape = [none, text, text];
const accessNetwork: Shape = [none, text, text, text, text, mapEntry];
const sip: Shape = [
  ...[none, text, text, text, text, varint, text, text, text, text, text],
  ...[accessNetwork, text, text],
];
const rtp: Shape = [none, varint, varint, varint, varint];
const email: Shape = [none, text, text, text, text, text, varint, varint];
const dnsAnswer: Shape = [none, text, text, text, varint, text];
const dns: Shape = [
  ...[none, varint, varint, text, text, varint, varint, varint, varint, varint, varint],
  ...[varint, varint, varint, varint, text, text, text, dnsAnswer, varint, varint, double, double],
];
const metadata: Shape = [
  ...[none, text, text, text, varint, varint, text, sip, rtp, text],
  ...[mapEntry, email, dns],
];
const tlsKeys: Shape = [
  ...[none, bytes, bytes, varint, varint, bytes, bytes, bytes, bytes, bytes, bytes, bytes, bytes],
  ...[text, varint, text, varint],
];

/** `lippycat.data.CapturedPacket`. */
export const packetShape: Shape = [
  ...[none, bytes, varint, varint, varint, varint, varint, metadata, text, text, tlsKeys],
];
