import { HelloAssembler } from "../dissect/hello-assembler.ts";
import { dissectTlsHello, type TlsHello } from "../dissect/tls-hello.ts";
import { ipProtocol, uint32At } from "../packet/layers.ts";
import type { Describe, Subject } from "./description.ts";
import { writeDetail } from "./details.ts";

/** TLS: the packet that makes a hello whole has its details. `seed`: a random 32-bit number. */
export function tlsDescriber(seed: number): Describe {
  const assembler = new HelloAssembler();
  return (subject, writer) => {
    const { bytes, start, end, given } = subject;
    if (start < end && assembler.isWanted(bytes, start, end)) {
      const hello = findHello(assembler, subject, seed);
      if (hello !== undefined)
        writeHello(hello, (key, value) => writeDetail(writer, given, key, value));
    }
    return "TLS";
  };
}

function findHello(
  assembler: HelloAssembler,
  subject: Subject,
  seed: number,
): TlsHello | undefined {
  const { bytes, start, end, layers } = subject;
  // What the capture cut off does not come later: what is there has to do.
  const isCut = end - start < layers.payloadLengthOnWire;
  if (isCut || layers.protocol !== ipProtocol.tcp) return dissectTlsHello(bytes, start, end);
  const key = directionKey(subject, seed);
  const range = assembler.add(key, layers.sequence, bytes, start, end);
  return range && dissectTlsHello(range.bytes, range.start, range.end);
}

function writeHello(hello: TlsHello, detail: (key: string, value: string) => void): void {
  detail("version", hello.version);
  detail("alpn", hello.alpn.join(","));
  if (hello.kind === "server") {
    detail("ja3s", hello.ja3s);
    return;
  }
  detail("sni", hello.serverName);
  detail("ja3", hello.ja3);
  detail("ja4", hello.ja4);
}

/**
 * A number of 53 bits for one direction of a conversation: hunter, VLAN and end points. Two of the few
 * that wait at a time could only share it by chance, since `seed` is not known outside.
 */
function directionKey({ bytes, layers, hunter }: Subject, seed: number): number {
  let a = seed ^ Math.imul(hunter + 1, 0x9e37_79b1);
  let b = ~seed ^ Math.imul(layers.vlan + 1, 0x85eb_ca6b);
  const add = (word: number): void => {
    a = Math.imul(a ^ word ^ (a >>> 15), 0xc2b2_ae35);
    b = Math.imul(b ^ word ^ (b >>> 13), 0x27d4_eb2f);
  };
  add((layers.sourcePort << 16) | layers.destinationPort);
  const addressBytes = layers.ipVersion === 4 ? 4 : 16;
  for (let at = 0; at < addressBytes; at += 4) {
    add(uint32At(bytes, layers.sourceAt + at));
    add(uint32At(bytes, layers.destinationAt + at));
  }
  return ((a ^ (a >>> 16)) >>> 0) * 0x20_0000 + ((b ^ (b >>> 16)) >>> 11);
}
