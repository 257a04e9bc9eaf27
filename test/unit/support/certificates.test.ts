import { describe, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import tls from "node:tls";
import {
  type KeyPair,
  makeAuthority,
  selfSigned,
  writeKeyPair,
} from "../../support/certificates.ts";

const authority = makeAuthority();
const names = ["node.example", "localhost"];
const addresses = ["127.0.0.1", "::1", "2001:db8::7"];

describe("a certificate of a test", () => {
  test("has the names, addresses, use and time that were asked for", () => {
    const validTo = new Date("2055-01-02T03:04:05Z");
    const { certificate } = authority.issue({ names, addresses, use: "client", validTo });
    const read = new X509Certificate(certificate);
    expect(read.subject).toBe("CN=node.example");
    expect(read.issuer).toBe("CN=Test authority");
    expect(read.subjectAltName).toBe(
      "DNS:node.example, DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, " +
        "IP Address:2001:DB8:0:0:0:0:0:7",
    );
    expect(read.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]);
    expect(read.ca).toBe(false);
    expect(new Date(read.validTo)).toEqual(validTo);
    expect(read.verify(new X509Certificate(authority.certificate).publicKey)).toBe(true);
  });

  test("is trusted by who trusts its authority, both ways", async () => {
    const client = authority.issue({ commonName: "hunter-1", use: "client" });
    const server = authority.issue({ names, use: "server" });
    expect(await shakeHands(server, client, authority.certificate)).toBe("hunter-1");
  });

  test("of a lower authority is trusted by who trusts the one above", async () => {
    const lower = authority.below("Lower authority");
    const client = lower.issue({ commonName: "hunter-1", use: "client" });
    const server = lower.issue({ names, use: "server" });
    expect(await shakeHands(server, client, authority.certificate)).toBe("hunter-1");
  });

  test("is written as two files, the key for its owner alone", () => {
    const pair = authority.issue({ names });
    const paths = writeKeyPair(mkdtempSync(join(tmpdir(), "weir-certificates-")), "node", pair);
    expect(readFileSync(paths.certificate, "utf8")).toBe(pair.certificate);
    expect(readFileSync(paths.key, "utf8")).toBe(pair.key);
    expect(statSync(paths.key).mode & 0o777).toBe(0o600);
  });

  const client = authority.issue({ use: "client" });
  const aSecondAgo = new Date(Date.now() - 1000);
  test.each([
    ["another authority of the same name", makeAuthority().issue({ names })],
    ["no authority", selfSigned({ names })],
    ["another name", authority.issue({ names: ["other.example"] })],
    ["a time that is over", authority.issue({ names, validTo: aSecondAgo })],
    ["a use for clients only", authority.issue({ names, use: "client" })],
  ])("of %s is refused", async (_, server: KeyPair) => {
    await expect(shakeHands(server, client, authority.certificate)).rejects.toThrow();
  });
});

/** The common name that the server sees of its client. */
async function shakeHands(server: KeyPair, client: KeyPair, ca: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const own = { cert: server.certificate, key: server.key };
  const listener = tls.createServer(
    { ...own, ca, requestCert: true, rejectUnauthorized: true },
    (socket) => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.end();
    },
  );
  await once(listener.listen(0, "127.0.0.1"), "listening");
  const { port } = listener.address() as { port: number };
  const identity = { cert: client.certificate, key: client.key };
  const options = { host: "127.0.0.1", port, servername: "node.example", ca, ...identity };
  const socket = tls.connect(options).on("error", reject);
  try {
    return await promise;
  } finally {
    socket.destroy();
    listener.close();
  }
}
