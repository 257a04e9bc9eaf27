/** Describes DNS packets. */
import { type DnsAnswer, type DnsMessage, dissectDns } from "../dissect/dns.ts";
import { ipProtocol } from "../packet/layers.ts";
import type { Describe, Subject } from "./description.ts";
import type { FieldWriter } from "./field-writer.ts";
import { metadataField } from "./given-metadata.ts";

const lengthBytes = 2;

/** DNS: not where the hunter gives it, since hunters count there what one packet does not tell. */
export const describeDns: Describe = (subject, writer) => {
  if (!subject.given.has(metadataField.dns)) {
    const message = findMessage(subject);
    if (message !== undefined) writeDns(writer, message);
  }
  return "DNS Query/Response";
};

function findMessage({ bytes, start, end, layers }: Subject): DnsMessage | undefined {
  if (layers.protocol !== ipProtocol.tcp) return dissectDns(bytes, start, end);
  // Behind its length (RFC 7766 section 8), which may have come in a segment of its own. The segments
  // that continue a long message have no header; only a question that makes sense tells.
  for (const at of [start + lengthBytes, start]) {
    const message = dissectDns(bytes, at, end);
    if (message?.questionCount === 1 && message.queryName !== "") return message;
  }
  return undefined;
}

/** Field numbers of DNSMetadata and of DNSAnswer: docs/wire.md#messages. */
function writeDns(writer: FieldWriter, message: DnsMessage): void {
  const mark = writer.begin(metadataField.dns);
  writer.number(1, message.id);
  writer.flag(2, message.isResponse);
  writer.text(3, message.opcode);
  writer.text(4, message.responseCode);
  writer.flag(5, message.authoritative);
  writer.flag(6, message.truncated);
  writer.flag(7, message.recursionDesired);
  writer.flag(8, message.recursionAvailable);
  writer.flag(9, message.authenticatedData);
  writer.flag(10, message.checkingDisabled);
  writer.number(11, message.questionCount);
  writer.number(12, message.answerCount);
  writer.number(13, message.authorityCount);
  writer.number(14, message.additionalCount);
  writer.text(15, message.queryName);
  writer.text(16, message.queryType);
  writer.text(17, message.queryClass);
  for (const answer of message.answers) writeAnswer(writer, answer);
  writer.end(mark);
}

function writeAnswer(writer: FieldWriter, answer: DnsAnswer): void {
  const mark = writer.begin(18);
  writer.text(1, answer.name);
  writer.text(2, answer.type);
  writer.text(3, answer.class);
  writer.number(4, answer.ttl);
  writer.text(5, answer.data);
  writer.end(mark);
}
