/** The door with TLS: who gets in, what is known of them, and what the others are told. */
import { describe, expect, test } from "bun:test";
import { readCertificate } from "../../../src/door/peer-certificate.ts";

describe("what a client's certificate says", () => {
  const fingerprint256 = `AB:${"0".repeat(62)}`;

  test("the name, the other names and the fingerprint", () => {
    const read = readCertificate({
      subject: { CN: "edge-1" },
      subjectaltname: "DNS:edge-1.example, IP Address:10.0.0.1, URI:spiffe://example/edge-1",
      fingerprint256,
    });
    expect(read).toEqual({
      commonName: "edge-1",
      names: ["DNS:edge-1.example", "IP Address:10.0.0.1", "URI:spiffe://example/edge-1"],
      fingerprint: `ab${"0".repeat(62)}`,
    });
  });

  test("of a subject with several names none counts", () => {
    const read = readCertificate({ subject: { CN: ["edge-1", "admin"] }, fingerprint256 });
    expect(read?.commonName).toBe("");
  });

  test("a name with a comma in it is one name", () => {
    const subjectaltname = 'DNS:"edge\\u002c DNS:admin", DNS:last';
    const read = readCertificate({ subject: {}, subjectaltname, fingerprint256 });
    expect(read?.names).toEqual(["DNS:edge, DNS:admin", "DNS:last"]);
  });

  test("a client without a certificate has none", () => {
    expect(readCertificate({})).toBeUndefined();
    expect(readCertificate(undefined)).toBeUndefined();
  });
});
