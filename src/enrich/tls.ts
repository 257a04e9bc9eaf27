/** Describes TLS packets. */
import { HelloAssembler } from "../dissect/hello-assembler.ts";
import { dissectTlsHello, type TlsHello } from "../dissect/tls-hello.ts";
import { ipProtocol } from "../packet/layers.ts";
import type { Describe, Subject } from "./description.ts";
import { writeDetail } from "./details.ts";
import { directionKey } from "./direction-key.ts";
import type { DetailKey } from "./given-metadata.ts";

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

function writeHello(hello: TlsHello, detail: (key: DetailKey, value: string) => void): void {
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
