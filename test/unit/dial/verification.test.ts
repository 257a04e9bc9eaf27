/** Whom a client takes for the node that was dialled. */
import { describe, expect, test } from "bun:test";
import {
  type CertificateOptions,
  type KeyPair,
  makeAuthority,
  selfSigned,
} from "../../support/certificates.ts";
import { hasIpv6 } from "../../support/loopback.ts";
import { authority, dialAndAsk, dialTls, startTlsNode, writeFile } from "./tls-node.ts";

const hosts = ["localhost", "127.0.0.1", ...(hasIpv6 ? ["::1"] : [])];
test.skipIf(!hasIpv6)("there is an IPv6 address to dial", () => {});
const all: CertificateOptions = { names: ["localhost"], addresses: ["127.0.0.1", "::1"] };
const hourMs = 3_600_000;
const ago = new Date(Date.now() - hourMs);
const soon = new Date(Date.now() + hourMs);

/** What a client says of a node that has `pair` and is dialled by `host`. */
async function verdict(pair: KeyPair, host: string, config = dialTls()): Promise<string> {
  const node = await startTlsNode(pair, false, host === "::1" ? "[::1]" : "127.0.0.1");
  const said = await dialAndAsk({ host, port: node.port }, config);
  // A node that is refused must not have seen the question.
  expect(node.asked.map(({ authority }) => authority)).toEqual(
    said === "answered" ? [`${host === "::1" ? "[::1]" : host}:${node.port}`] : [],
  );
  node.stop();
  return said;
}

describe.each(hosts)("a node that is dialled as %s", (host) => {
  const own: CertificateOptions = host === "localhost" ? { names: [host] } : { addresses: [host] };

  test("is taken by a certificate for this name or address alone", async () => {
    expect(await verdict(authority.issue(own), host)).toBe("answered");
  });

  test("is taken by a certificate for several, one of them this", async () => {
    expect(await verdict(authority.issue(all), host)).toBe("answered");
  });

  const others: [string, CertificateOptions][] = [
    ["the other names and addresses of this machine", without(host)],
    ["the name that stands in for an address", { names: ["address.invalid"] }],
    ["neighbours", { names: ["localhost.example", "ocalhost"], addresses: ["127.0.0.2", "::2"] }],
    ["the address as a name", { names: ["x.example", host === "localhost" ? "*" : host] }],
    ["nothing but a common name", { commonName: host }],
  ];
  test.each(others)("is refused with a certificate for %s", async (_, options) => {
    const said = await verdict(authority.issue(options), host);
    expect(said).toStartWith("cannot reach HOST: its certificate is for ");
    expect(said).toEndWith(
      `, not for ${host}: reach the node by a name in its certificate, or give it a certificate for this name`,
    );
  });

  const untrusted = /^cannot reach HOST: its certificate is not from a CA of .* \(--tls-ca\)$/;
  const bad: [string, KeyPair, RegExp][] = [
    ["from another authority", makeAuthority("Other").issue(all), untrusted],
    ["from an authority of the same name", makeAuthority().issue(all), untrusted],
    ["that it signed itself", selfSigned(all), untrusted],
    [
      "that is over",
      authority.issue({ ...all, validTo: ago }),
      /HOST: its certificate has expired/,
    ],
    ["that is for later", authority.issue({ ...all, validFrom: soon }), /is not valid yet/],
    [
      "for clients",
      authority.issue({ ...all, use: "client" }),
      /is not for servers \(extended key usage\)$/,
    ],
  ];
  test.each(bad)("is refused with a certificate %s", async (_, pair, words) => {
    expect(await verdict(pair, host)).toMatch(words);
  });

  test("is taken by a certificate of a lower authority that comes with it", async () => {
    expect(await verdict(authority.below("Lower authority").issue(all), host)).toBe("answered");
  });

  test("is taken by that of a lower authority when that alone is named, and no other is", async () => {
    const lower = authority.below("Lower authority");
    const config = dialTls({ caFile: writeFile(lower.certificate) });
    expect(await verdict(lower.issue(all), host, config)).toBe("answered");
    expect(await verdict(authority.issue(all), host, config)).toMatch(untrusted);
  });

  test("is refused without an authority of its own, by the public CAs", async () => {
    expect(await verdict(authority.issue(all), host, dialTls({ caFile: "" }))).toBe(
      "cannot reach HOST: its certificate is not from a public CA: name the file of its CA with --tls-ca",
    );
  });

  test("is taken with any certificate when none is to be checked", async () => {
    const blind = dialTls({ skipVerify: true, caFile: "" });
    const pair = makeAuthority().issue({ names: ["x.example"], validTo: ago, use: "client" });
    expect(await verdict(pair, host, blind)).toBe("answered");
  });
});

test("a name of a certificate does no harm where it is shown", async () => {
  const names = ["a\u001b[2J.example", ...Array.from({ length: 50 }, (_, at) => `n${at}.example`)];
  const said = await verdict(authority.issue({ names }), "127.0.0.1");
  expect(said).toContain("its certificate is for ");
  expect(said).not.toContain("\u001b");
  expect(said.length).toBeLessThan(400);
});

function without(host: string): CertificateOptions {
  return {
    names: ["localhost"].filter((name) => name !== host),
    addresses: ["127.0.0.1", "::1"].filter((address) => address !== host),
  };
}
