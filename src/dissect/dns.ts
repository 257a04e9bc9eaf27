/** Messages of DNS (RFC 1035 section 4), as far as clients are told of them: docs/wire.md#messages. */
import { limits } from "../config/limits.ts";
import { ByteReader } from "./byte-reader.ts";
import { dnsDataText } from "./dns-data.ts";
import { readDnsName } from "./dns-name.ts";
import {
  dnsClassName,
  dnsOpcodeName,
  dnsResponseCodeName,
  dnsTypeName,
  optType,
} from "./dns-numbers.ts";

export interface DnsAnswer {
  /** In presentation form, without the last dot; "" when it is malformed. */
  readonly name: string;
  readonly type: string;
  readonly class: string;
  /** Seconds. */
  readonly ttl: number;
  /** As one line: an address, a name, or what the type has: see `dnsDataText`. */
  readonly data: string;
}

/** All texts are ASCII. */
export interface DnsMessage {
  readonly id: number;
  readonly isResponse: boolean;
  /** `QUERY`, `UPDATE`, or `OPCODE9`. */
  readonly opcode: string;
  /** `NOERROR`, `NXDOMAIN`, or `RCODE20`; "" in a query. */
  readonly responseCode: string;
  readonly authoritative: boolean;
  readonly truncated: boolean;
  readonly recursionDesired: boolean;
  readonly recursionAvailable: boolean;
  readonly authenticatedData: boolean;
  readonly checkingDisabled: boolean;
  /** Counts as the header has them, whatever follows. */
  readonly questionCount: number;
  readonly answerCount: number;
  readonly authorityCount: number;
  readonly additionalCount: number;
  /** Of the first question; "" when there is none that can be read. */
  readonly queryName: string;
  readonly queryType: string;
  readonly queryClass: string;
  /** The first `limits.dnsAnswersMax` of the answers that can be read. */
  readonly answers: readonly DnsAnswer[];
}

const headerBytes = 12;

/**
 * The message in `bytes[start, end)`; over TCP that is what follows the two bytes of its length.
 * Undefined without a whole header; of what stands behind it, as much as can be read.
 */
export function dissectDns(bytes: Uint8Array, start: number, end: number): DnsMessage | undefined {
  if (end - start < headerBytes) return undefined;
  const reader = new ByteReader(bytes, start, end);
  const id = reader.uint16();
  const flags = reader.uint16();
  const questionCount = reader.uint16();
  const answerCount = reader.uint16();
  const authorityCount = reader.uint16();
  const additionalCount = reader.uint16();
  const question = readQuestions(reader, questionCount, start);
  const recordCount = answerCount + authorityCount + additionalCount;
  const { answers, upperCode } = readRecords(reader, answerCount, recordCount, start);
  const isResponse = (flags & 0x8000) !== 0;
  return {
    id,
    isResponse,
    opcode: dnsOpcodeName((flags >>> 11) & 0x0f),
    responseCode: isResponse ? dnsResponseCodeName(upperCode | (flags & 0x0f)) : "",
    authoritative: (flags & 0x0400) !== 0,
    truncated: (flags & 0x0200) !== 0,
    recursionDesired: (flags & 0x0100) !== 0,
    recursionAvailable: (flags & 0x0080) !== 0,
    authenticatedData: (flags & 0x0020) !== 0,
    checkingDisabled: (flags & 0x0010) !== 0,
    questionCount,
    answerCount,
    authorityCount,
    additionalCount,
    queryName: question.name,
    queryType: question.type,
    queryClass: question.class,
    answers,
  };
}

interface Question {
  readonly name: string;
  readonly type: string;
  readonly class: string;
}

/** Reads over all questions and answers the first; there is hardly ever another (RFC 9619). */
function readQuestions(reader: ByteReader, count: number, messageStart: number): Question {
  let first: Question = { name: "", type: "", class: "" };
  for (let index = 0; index < count && !reader.isShort; index++) {
    const name = readDnsName(reader, messageStart);
    const type = readNumber(reader, dnsTypeName);
    const question = { name, type, class: readNumber(reader, dnsClassName) };
    if (index === 0) first = question;
  }
  return first;
}

function readNumber(reader: ByteReader, nameOf: (number: number) => string): string {
  const number = reader.uint16();
  return reader.isShort ? "" : nameOf(number);
}

/**
 * Answers, and the upper bits of the response code, which an OPT record behind them may have (RFC 6891
 * section 6.1.3). A record that is cut ends both.
 */
function readRecords(
  reader: ByteReader,
  answerCount: number,
  recordCount: number,
  messageStart: number,
): { answers: DnsAnswer[]; upperCode: number } {
  const answers: DnsAnswer[] = [];
  let upperCode = 0;
  const count = Math.min(recordCount, limits.dnsRecordsMax);
  for (let index = 0; index < count; index++) {
    const name = readDnsName(reader, messageStart);
    const type = reader.uint16();
    const recordClass = reader.uint16();
    const ttl = reader.uint32();
    const data = reader.range(reader.uint16());
    if (reader.isShort) break;
    if (index >= answerCount) {
      if (type === optType) upperCode = (ttl >>> 24) << 4;
    } else if (answers.length < limits.dnsAnswersMax) {
      answers.push({
        name,
        type: dnsTypeName(type),
        class: dnsClassName(recordClass),
        ttl,
        data: dnsDataText(data, type, messageStart),
      });
    }
  }
  return { answers, upperCode };
}
