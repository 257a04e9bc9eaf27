/** The door with TLS: who gets in, what is known of them, and what is said of the others. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import http2 from "node:http2";
import net from "node:net";
import tls from "node:tls";
import { limits } from "../../../src/config/limits.ts";
import { readCertificate } from "../../../src/door/peer-certificate.ts";
import { anyone } from "../../../src/wire/caller.ts";
import type { TunnelRequest } from "../../../src/wire/tunnel.ts";
import { type KeyPair, makeAuthority, selfSigned } from "../../support/certificates.ts";
import { encodeBatch } from "../../support/encode-batch.ts";
import { until } from "../../support/record-in-process.ts";
import { frame, openDoor, RawCall } from "./open-door.ts";
import { authority, credentialsWith, knock, openTlsDoor, type TlsDoor } from "./tls-door.ts";

const client = authority.issue({ commonName: "edge-1", names: ["edge-1.example"], use: "client" });
const dayMs = 86_400_000;

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

describe("a door that demands certificates", () => {
  let door: TlsDoor;
  beforeAll(async () => {
    door = await openTlsDoor();
  });
  afterAll(() => door.close());

  test("lets in whoever has one of its authority", async () => {
    const { isOpen, error, socket } = await knock(door.port, client);
    expect([isOpen, error, socket.getProtocol()]).toEqual([true, "", "TLSv1.3"]);
    socket.destroy();
  });

  const below = authority.below("Regional authority");
  test("lets in whoever comes with the certificate of an authority below", async () => {
    const { isOpen, socket } = await knock(door.port, below.issue({ commonName: "edge-2" }));
    expect(isOpen).toBe(true);
    socket.destroy();
  });

  const foreign = "the client's certificate is from no authority of --tls-ca";
  const commonName = "edge-1";
  const strangers: readonly (readonly [string, KeyPair | undefined, string])[] = [
    ["no certificate", undefined, "the client shows no certificate"],
    ["a self-signed one of a name that it knows", selfSigned({ commonName }), foreign],
    [
      "one of another authority of the same name",
      makeAuthority("Weir test authority").issue({ commonName }),
      foreign,
    ],
    [
      "one that has expired",
      authority.issue({ commonName, validTo: new Date(Date.now() - dayMs / 2) }),
      "the client's certificate has expired",
    ],
    [
      "one that is not valid yet",
      authority.issue({ commonName, validFrom: new Date(Date.now() + dayMs) }),
      "the client's certificate is not valid yet: one of two clocks is wrong",
    ],
    [
      "one for servers only",
      authority.issue({ commonName, use: "server" }),
      "the client's certificate is not for clients (extended key usage)",
    ],
  ];
  for (const [what, pair, reason] of strangers) {
    test(`closes the connection of ${what}, and says so`, async () => {
      const before = door.notes.length;
      const { isOpen } = await knock(door.port, pair);
      expect(isOpen).toBe(false);
      await until(() => door.notes.length > before && door.connections() === 0);
      expect(door.notes.at(-1)).toBe(`TLS: ${reason}`);
    });
  }

  test("closes connections that do not ask for HTTP/2, by whatever name or by none", async () => {
    for (const options of [{ ALPNProtocols: ["http/1.1"] }, { ALPNProtocols: [] as string[] }]) {
      const { isOpen } = await knock(door.port, client, options);
      expect(isOpen).toBe(false);
      await until(() => door.connections() === 0);
      expect(door.notes.at(-1)).toContain("does not ask for HTTP/2");
    }
  });

  test("does not take TLS 1.2", async () => {
    const { error } = await knock(door.port, client, { maxVersion: "TLSv1.2" });
    expect(error).toContain("PROTOCOL_VERSION");
    await until(() => door.notes.at(-1)?.includes("too old") === true);
  });

  test("closes connections of clients without TLS, and says what they are", async () => {
    for (const text of [
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      "GET / HTTP/1.1\r\n\r\n",
      "\0\0\0\0\0\0",
    ]) {
      const before = door.notes.length;
      const socket = net.connect(door.port, "127.0.0.1", () => socket.write(text));
      socket.on("error", () => {});
      socket.resume();
      await until(() => socket.closed && door.notes.length > before && door.connections() === 0);
      expect(door.notes.at(-1)).toMatch(/not TLS|without TLS/);
    }
  });

  test("closes connections whose handshake does not come, is cut off, or is followed by what is not HTTP/2", async () => {
    const noted = door.notes.length;
    const quiet = net.connect(door.port, "127.0.0.1");
    await until(() => door.connections() === 1);
    door.skip(limits.tlsHandshakeMsMax);
    await until(() => quiet.closed && door.notes.length > noted);
    expect(door.notes.at(-1)).toBe("TLS: no handshake within 5 s");
    const cut = net.connect(door.port, "127.0.0.1", () => {
      // The beginning of a record that holds a ClientHello.
      cut.write(Buffer.from("1603010200010001fc0303", "hex"));
    });
    await until(() => door.connections() === 1);
    cut.destroy();
    await until(() => door.connections() === 0);
    const { socket } = await knock(door.port, client);
    socket.write("GET / HTTP/1.1\r\n\r\n");
    await until(() => socket.closed && door.connections() === 0);
    expect(door.notes.at(-1)).toBe("what came is not HTTP/2: another protocol");
  });

  test("a session is not resumed: each connection shows its certificate", async () => {
    const first = await knock(door.port, client);
    // With tickets it would let whoever has it in, without any certificate.
    const session = first.socket.getSession();
    const again = await knock(door.port, client, { session });
    expect([again.isOpen, again.socket.isSessionReused()]).toEqual([true, false]);
    expect((await knock(door.port, undefined, { session })).isOpen).toBe(false);
    first.socket.destroy();
    again.socket.destroy();
  });

  test("carried RPCs come with the certificate, packet streams are served", async () => {
    const requests: TunnelRequest[] = [];
    door.control.on("message", (request: TunnelRequest) => requests.push(request));
    const options = { ca: authority.certificate, cert: client.certificate, key: client.key };
    const session = http2.connect(`https://localhost:${door.port}`, {
      ...options,
      lookup: undefined,
    });
    const stream = new RawCall("", session);
    await until(() => stream.headers[":status"] === 200 && door.streams() === 1);
    const path = "/lippycat.management.ManagementService/GetTopology";
    const call = new RawCall("", session, path);
    call.write(frame(Buffer.alloc(0)));
    await until(() => requests.length > 0);
    expect(requests[0]).toMatchObject({
      kind: "unary",
      path,
      caller: { by: "certificate", name: "edge-1" },
    });
    stream.close();
    call.close();
  });
});

describe("a door that verifies certificates without demanding them", () => {
  let door: TlsDoor;
  const requests: TunnelRequest[] = [];
  beforeAll(async () => {
    door = await openTlsDoor({ clientAuth: false, minVersion: "1.2" });
    door.control.on("message", (request: TunnelRequest) => requests.push(request));
  });
  afterAll(() => door.close());

  const callerOf = async (maxVersion: tls.SecureVersion, pair?: KeyPair) => {
    requests.length = 0;
    const own = pair === undefined ? {} : { cert: pair.certificate, key: pair.key };
    const options = { ca: authority.certificate, maxVersion, ...own };
    const session = http2.connect(`https://localhost:${door.port}`, options);
    const call = new RawCall("", session, "/lippycat.management.ManagementService/GetTopology");
    call.write(frame(Buffer.alloc(0)));
    const opened = () => requests.find((request) => request.kind === "unary");
    await until(() => opened() !== undefined);
    call.close();
    return opened()?.caller;
  };

  const commonName = "edge-1";
  const early = new Date(Date.now() - 2 * dayMs);
  test.each(["TLSv1.2", "TLSv1.3"] as const)(
    "knows those that have one, and nobody by one that does not count, with %s",
    async (version) => {
      const known = { by: "certificate", name: "edge-1" };
      expect(await callerOf(version, client)).toMatchObject(known);
      expect(await callerOf(version)).toEqual(anyone);
      for (const stranger of [
        makeAuthority("Weir test authority").issue({ commonName }),
        selfSigned({ commonName }),
        authority.issue({ commonName, use: "server" }),
        authority.issue({ commonName, validFrom: early, validTo: new Date(Date.now() - dayMs) }),
      ]) {
        expect(await callerOf(version, stranger)).toEqual(anyone);
      }
    },
  );
});

describe("new credentials", () => {
  test("count for the next handshakes, with everything that was demanded before", async () => {
    const door = await openTlsDoor();
    const before = await knock(door.port, client);
    const options = { ca: authority.certificate, cert: client.certificate, key: client.key };
    const open = new RawCall("", http2.connect(`https://localhost:${door.port}`, options));
    await until(() => open.headers[":status"] === 200);
    const other = makeAuthority("Another authority");
    const pair = other.issue({ commonName: "second", names: ["localhost"] });
    door.door.setCredentials(credentialsWith({ ...pair, authorities: other.certificate }));
    const ca = other.certificate;
    const known = other.issue({ commonName: "edge-9" });
    const after = await knock(door.port, known, { ca, servername: "localhost" });
    expect(after.isOpen).toBe(true);
    expect(after.socket.getPeerCertificate().subject.CN).toBe("second");
    const named = { ca, servername: "localhost" };
    for (const [who, more, reason] of [
      [client, {}, "the client's certificate is from no authority of --tls-ca"],
      [undefined, {}, "the client shows no certificate"],
      [known, { maxVersion: "TLSv1.2" }, "the client's TLS is too old (--tls-min-version)"],
      [known, { ALPNProtocols: ["http/1.1"] }, "the client does not ask for HTTP/2 (ALPN h2)"],
      [known, { ALPNProtocols: [] }, "the client does not ask for HTTP/2 (ALPN h2)"],
    ] as [KeyPair | undefined, tls.ConnectionOptions, string][]) {
      const noted = door.notes.length;
      expect((await knock(door.port, who, { ...named, ...more })).isOpen).toBe(false);
      await until(() => door.notes.length > noted);
      expect(door.notes.slice(noted)).toEqual([`TLS: ${reason}`]);
    }
    // What was open goes on, with the certificate that it came with.
    open.write(frame(encodeBatch({ hunterId: "h", packets: [{ data: Buffer.alloc(60) }] })));
    await until(() => door.sink.taken.length === 1);
    expect([before.socket.closed, open.closed]).toEqual([false, false]);
    open.close();
    before.socket.destroy();
    after.socket.destroy();
    await door.close();
  });
});

test("an authority counts without the one above it, and alone, also after a change", async () => {
  const below = authority.below("Regional authority");
  const door = await openTlsDoor({ authorities: below.certificate });
  for (let round = 0; round < 2; round++) {
    const known = await knock(door.port, below.issue({ commonName: "edge-2" }));
    expect(known.isOpen).toBe(true);
    known.socket.destroy();
    expect((await knock(door.port, client)).isOpen).toBe(false);
    door.door.setCredentials(credentialsWith({ authorities: below.certificate }));
  }
  await door.close();
});

test("TLS 1.2 has the ciphers of HTTP/2 alone, and no sessions, also after a change", async () => {
  const door = await openTlsDoor({ minVersion: "1.2" });
  const old = { maxVersion: "TLSv1.2" } as const;
  for (let round = 0; round < 2; round++) {
    for (const ciphers of ["ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA"]) {
      expect((await knock(door.port, client, { ...old, ciphers })).isOpen).toBe(false);
    }
    expect(door.notes.at(-1)).toBe("TLS: the client has no cipher that HTTP/2 may use");
    const { isOpen, socket } = await knock(door.port, client, old);
    expect([isOpen, socket.getCipher().name]).toEqual([true, "ECDHE-ECDSA-AES128-GCM-SHA256"]);
    const again = await knock(door.port, client, { ...old, session: socket.getSession() });
    expect([again.isOpen, again.socket.isSessionReused()]).toEqual([true, false]);
    for (const each of [socket, again.socket]) each.destroy();
    door.door.setCredentials(credentialsWith({ minVersion: "1.2" }));
  }
  await door.close();
});

test("TLS 1.2 gets in where it was asked for", async () => {
  const door = await openTlsDoor({ minVersion: "1.2" });
  const { isOpen, socket } = await knock(door.port, client, { maxVersion: "TLSv1.2" });
  expect([isOpen, socket.getProtocol()]).toEqual([true, "TLSv1.2"]);
  const stranger = await knock(door.port, undefined, { maxVersion: "TLSv1.2" });
  expect(stranger.isOpen).toBe(false);
  socket.destroy();
  await door.close();
});

test("a client with TLS at a door without is told in the log for what it may be", async () => {
  const notes: string[] = [];
  const door = await openDoor({ note: (_event, message) => notes.push(message) });
  const socket = tls.connect({ port: door.port, host: "127.0.0.1", ALPNProtocols: ["h2"] });
  socket.on("error", () => {});
  await until(() => socket.closed && notes.length > 0);
  expect(notes).toEqual([
    "what came is not HTTP/2: TLS, which this node does not speak, or another protocol",
  ]);
  await door.close();
});
