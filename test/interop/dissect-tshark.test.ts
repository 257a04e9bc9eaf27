/** Our reading of TLS, HTTP and DNS against tshark's, packet by packet, on captures of real programs. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { limits } from "../../src/config/limits.ts";
import { type DnsMessage, dissectDns } from "../../src/dissect/dns.ts";
import { dnsOpcodeName, dnsResponseCodeName, dnsTypeName } from "../../src/dissect/dns-numbers.ts";
import { HelloAssembler } from "../../src/dissect/hello-assembler.ts";
import { dissectHttp } from "../../src/dissect/http.ts";
import { dissectTlsHello, type TlsHello } from "../../src/dissect/tls-hello.ts";
import { sharedCaptures } from "../support/captures.ts";
import { capturesFolder } from "../support/expected-flows.ts";
import { type CapturedPayload, readPayloads } from "../support/payloads.ts";
import { hasTshark, tsharkFields } from "../support/wireshark.ts";

// A machine that others keep busy is no failure.
setDefaultTimeout(60_000);
const shared = sharedCaptures();
if (!hasTshark) console.log("skipped: TLS, HTTP and DNS against tshark (it is not installed)");

/** Each segment is read by itself, as we do. */
const noReassembly = ["-o", "tcp.desegment_tcp_streams:FALSE"];

/** One protocol: own captures, captures of ../shared, and the comparison that answers how many rows it had. */
function compare(
  protocol: string,
  own: readonly string[],
  foreign: readonly string[],
  check: (path: string) => number,
): void {
  describe.skipIf(!hasTshark)(protocol, () => {
    test.each([...own])("is read as tshark reads it: %s", (name) => {
      expect(check(join(capturesFolder, name))).toBeGreaterThan(0);
    });
    test.skipIf(shared === undefined)("is read as tshark reads it in ../shared/captures", () => {
      for (const name of foreign) expect(check(join(shared ?? "", name)), name).toBeGreaterThan(0);
    });
  });
}

function payloadsByNumber(path: string): Map<number, CapturedPayload> {
  return new Map(readPayloads(path).map((payload) => [payload.number, payload]));
}

const tlsFields = ["ja3", "ja3s", "extensions_server_name"].map((name) => `tls.handshake.${name}`);

/** Hellos by the number of the packet that makes them whole. */
function readHellos(path: string): Map<number, TlsHello> {
  const assembler = new HelloAssembler();
  const hellos = new Map<number, TlsHello>();
  for (const { number, direction, sequence, bytes, start, end, isTcp } of readPayloads(path)) {
    const range = isTcp ? assembler.add(direction, sequence, bytes, start, end) : undefined;
    if (range === undefined) continue;
    const hello = dissectTlsHello(range.bytes, range.start, range.end);
    if (hello !== undefined) hellos.set(number, hello);
  }
  return hellos;
}

compare(
  "TLS",
  ["tls.pcap", "mysql.pcapng", "postgresql.pcap", "mixed.pcapng", "any-sll2.pcap"],
  [
    "6in4tunnel.pcap",
    "chrome.pcap",
    "http_connect.pcap",
    "http_ipv6.pcap",
    "imaps.pcap",
    "pgsql2.pcapng",
    "smtp-starttls.pcap",
    "tls_2_reasms.pcapng",
    "tunnelbear.pcap",
  ],
  (path) => {
    const hellos = readHellos(path);
    const filter = "tls.handshake.type == 1 || tls.handshake.type == 2";
    const rows = tsharkFields(path, ["frame.number", ...tlsFields], ["-Y", filter]);
    const ours = rows.map(([number = ""]) => {
      const hello = hellos.get(Number(number));
      if (hello === undefined) return [number];
      return hello.kind === "client"
        ? [number, hello.ja3, "", hello.serverName]
        : [number, "", hello.ja3s, ""];
    });
    expect(ours).toEqual(rows);
    return rows.length;
  },
);

const requestFields = ["http.request.method", "http.request.uri", "http.host", "http.user_agent"];
const responseFields = ["http.response.code", "http.response.phrase", "http.content_type"];

compare(
  "HTTP",
  ["http.pcap", "mixed.pcapng", "any-sll.pcap"],
  ["6in4tunnel.pcap", "http_connect.pcap", "http-lines-split.pcap"],
  (path) => {
    const payloads = payloadsByNumber(path);
    const fields = ["frame.number", ...requestFields, ...responseFields];
    const filter = ["-Y", "http.request || http.response", ...noReassembly];
    const rows = tsharkFields(path, fields, filter);
    for (const [number = "", ...row] of rows) {
      const { bytes, start, end } = payloads.get(Number(number))!;
      const head = dissectHttp(bytes, start, end);
      if (head?.kind === "response") {
        const { status, reason, contentType } = head;
        expect(["", "", "", "", String(status), reason, contentType]).toEqual(row);
      } else {
        // A request has a content type too, which nobody asks for.
        const { method, target, host, userAgent } = head!;
        expect([method, target, host, userAgent, "", ""]).toEqual(row.slice(0, 6));
      }
    }
    return rows.length;
  },
);

const dnsFields = [
  ...["id", "flags.response", "flags.opcode", "flags.rcode"],
  ...["flags.authoritative", "flags.truncated", "flags.recdesired", "flags.recavail"],
  ...["flags.authenticated", "flags.checkdisable"],
  ...["count.queries", "count.answers", "count.auth_rr", "count.add_rr"],
  ...["qry.name", "qry.type", "resp.type", "a", "aaaa"],
].map((name) => `dns.${name}`);
compare(
  "DNS",
  ["dns.pcap", "mixed.pcapng", "any-sll.pcap"],
  [
    "6in4tunnel.pcap",
    "badpackets.pcap",
    "dns.pcap",
    "dns_long_domainname.pcap",
    "fuzz-2006-06-26-2594.pcap",
    "http_connect.pcap",
    "malformed_dns.pcap",
  ],
  (path) => {
    const payloads = payloadsByNumber(path);
    const ports = ["udp", "tcp"].flatMap((transport) => ["-d", `${transport}.port==10053,dns`]);
    // A message that an ICMP error quotes is not the packet's.
    const options = ["-Y", "dns && !icmp && !icmpv6", ...noReassembly, ...ports];
    const rows = tsharkFields(path, ["frame.number", ...dnsFields], options);
    for (const [number = "", ...row] of rows) {
      const { bytes, start, end, isTcp } = payloads.get(Number(number))!;
      const message = dissectDns(bytes, isTcp ? start + 2 : start, end);
      if (message === undefined) expect(end - start).toBeLessThan(12);
      else compareMessage(message, row, number);
    }
    return rows.length;
  },
);

function compareMessage(message: DnsMessage, row: readonly string[], number: string): void {
  const flag = (isSet: boolean): string => (isSet ? "1" : "0");
  const { isResponse } = message;
  expect(message.opcode, number).toBe(dnsOpcodeName(Number(row[2])));
  const code = isResponse ? dnsResponseCodeName(Number(row[3])) : "";
  expect(message.responseCode, number).toBe(code);
  const header = [`0x${message.id.toString(16).padStart(4, "0")}`, flag(isResponse)];
  expect(header, number).toEqual(row.slice(0, 2));
  const flags = [
    message.authoritative,
    message.truncated,
    message.recursionDesired,
    message.recursionAvailable,
    message.authenticatedData,
    message.checkingDisabled,
  ].map(flag);
  const { questionCount, answerCount, authorityCount, additionalCount } = message;
  const counts = [questionCount, answerCount, authorityCount, additionalCount].map(String);
  const ours = [...flags, ...counts];
  // tshark leaves out flags that mean nothing in the message, and has other names for UPDATE's counts.
  const shown = row.slice(4, 14).map((value, index) => value || ours[index]);
  expect(ours.map(String), number).toEqual(shown.map(String));
  compareContent(message, row.slice(14), number);
}

function compareContent(message: DnsMessage, row: readonly string[], number: string): void {
  const [names = "", types = "", answerTypes = "", ...addresses] = row;
  const [name = ""] = names.split(",", 1);
  // tshark shows raw bytes where we have escapes.
  if (name === "<Root>") expect(message.queryName, number).toBe(".");
  else if (/^[\w.-]+$/.test(name)) expect(message.queryName, number).toBe(name);
  const [type = ""] = types.split(",", 1);
  if (name !== "" && message.queryType !== "") {
    expect(message.queryType, number).toBe(dnsTypeName(Number(type)));
  }
  // Records behind the answers are in the same lists of tshark.
  const { answers, answerCount, authorityCount, additionalCount } = message;
  const records = answerTypes === "" ? 0 : answerTypes.split(",").length;
  if (records === answerCount + authorityCount + additionalCount) {
    expect(answers.length, number).toBe(Math.min(answerCount, limits.dnsAnswersMax));
  }
  const startOf = (list: string, length: number): string[] => list.split(",").slice(0, length);
  const answered = startOf(answerTypes, answers.length).map((each) => dnsTypeName(Number(each)));
  expect(
    answers.map((answer) => answer.type),
    number,
  ).toEqual(answered);
  for (const [index, wanted] of ["A", "AAAA"].entries()) {
    const found = answers.filter((answer) => answer.type === wanted).map((answer) => answer.data);
    expect(found, number).toEqual(startOf(addresses[index] ?? "", found.length));
  }
}
