import { describe, expect, test } from "bun:test";
import { limits } from "../../../src/config/limits.ts";
import {
  type ClientHello,
  dissectTlsHello,
  type ServerHello,
} from "../../../src/dissect/tls-hello.ts";
import { concat, hex, text, uint16 } from "../../support/packets.ts";
import {
  clientHello,
  extension,
  type HelloFields,
  list16,
  serverHello,
  tlsRecords,
  uint16s,
} from "../../support/tls-hellos.ts";

function readClient(fields: HelloFields): ClientHello {
  const stream = tlsRecords(clientHello(fields));
  const hello = dissectTlsHello(stream, 0, stream.length);
  if (hello?.kind !== "client") throw new Error("no ClientHello");
  return hello;
}

function readServer(fields: HelloFields): ServerHello {
  const stream = tlsRecords(serverHello(fields));
  const hello = dissectTlsHello(stream, 0, stream.length);
  if (hello?.kind !== "server") throw new Error("no ServerHello");
  return hello;
}

function serverName(name: string): Uint8Array {
  const bytes = text(name);
  return extension(0, concat(uint16(bytes.length + 3), [0], uint16(bytes.length), bytes));
}

function alpn(...names: readonly (string | readonly number[])[]): Uint8Array {
  const list = concat(
    ...names.map((name) => {
      const bytes = typeof name === "string" ? text(name) : name;
      return concat([bytes.length], bytes);
    }),
  );
  return extension(16, concat(uint16(list.length), list));
}

function versions(...numbers: readonly number[]): Uint8Array {
  return extension(43, [numbers.length * 2, ...uint16s(numbers)]);
}

describe("a ClientHello", () => {
  const chromeCiphers = [
    0x2a2a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014,
    0x009c, 0x009d, 0x002f, 0x0035,
  ];
  const algorithms = [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601];
  /** The example of JA4's specification, with numbers of RFC 8701 at each place that may have one. */
  const chrome: HelloFields = {
    cipherSuites: chromeCiphers,
    extensions: [
      extension(0x4a4a, []),
      extension(0x001b, [2, 0, 2]),
      serverName("example.org"),
      extension(0x0033, []),
      alpn("h2", "http/1.1"),
      extension(0x4469, []),
      extension(0x0017, []),
      extension(0x002d, [1, 1]),
      extension(0x000d, list16(algorithms)),
      extension(0x0005, []),
      extension(0x0023, []),
      extension(0x0012, []),
      versions(0xfafa, 0x0304, 0x0303),
      extension(0xff01, [0]),
      extension(0x000b, [1, 0]),
      extension(0x000a, list16([0x8a8a, 29, 23, 24])),
      extension(0x0015, new Uint8Array(40)),
    ],
  };

  test("is told with all that it says", () => {
    expect(readClient(chrome)).toEqual({
      kind: "client",
      version: "TLS 1.3",
      serverName: "example.org",
      alpn: ["h2", "http/1.1"],
      ja3: md5(
        "771,4865-4866-4867-49195-49199-49196-49200-52393-52392-49171-49172-156-157-47-53," +
          "27-0-51-16-17513-23-45-13-5-35-18-43-65281-11-10-21,29-23-24,0",
      ),
      ja4: "t13d1516h2_8daaf6152771_e5627efa2ab1",
      isWhole: true,
    });
  });

  test("has the published JA3 of a client without grease", () => {
    const extensions = [
      serverName("a.example"),
      extension(10, list16([23, 24, 25])),
      extension(11, [1, 0]),
    ];
    const cipherSuites = [47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4];
    const { ja3, ja4 } = readClient({ version: 0x0301, cipherSuites, extensions });
    expect(ja3).toBe("ada70206e40642a3e4461f35503241d5");
    expect(ja4).toStartWith("t10d120300_");
  });

  test("has the published JA3 of a client without extensions, and zeros in JA4 for them", () => {
    const cipherSuites = [4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99];
    for (const extensions of [undefined, []]) {
      const fields = { version: 0x0301, cipherSuites, ...(extensions ? { extensions } : {}) };
      const { ja3, ja4, serverName: name, version } = readClient(fields);
      expect(ja3).toBe("de350869b8c85de67a350c8d186f11e6");
      expect(ja4).toMatch(/^t10i110000_[0-9a-f]{12}_000000000000$/);
      expect([name, version]).toEqual(["", "TLS 1.0"]);
    }
  });

  test("without signature algorithms has the JA4 of its specification", () => {
    const extensions = chrome.extensions?.map((each) =>
      each[1] === 0x0d && each[0] === 0 ? extension(13, []) : each,
    );
    const { ja4 } = readClient({ ...chrome, ...(extensions ? { extensions } : {}) });
    expect(ja4).toBe("t13d1516h2_8daaf6152771_6d807ffa2a79");
  });

  test("with nothing but grease counts as empty", () => {
    const { ja4, ja3 } = readClient({
      cipherSuites: [0x0a0a],
      extensions: [extension(0x0a0a, [])],
    });
    expect(ja4).toBe("t12i000000_000000000000_000000000000");
    expect(ja3).toBe(md5("771,,,,"));
  });

  test("with more than 99 cipher suites counts 99", () => {
    const cipherSuites = Array.from({ length: 130 }, (_, index) => 0xc000 + index);
    expect(readClient({ cipherSuites }).ja4).toStartWith("t12i990000_");
  });

  test.each([
    [[0xab], "ab"],
    [[0xab, 0xcd], "ad"],
    [[0x30, 0xab], "3b"],
    [[0x30, 0x31, 0xab, 0xcd], "3d"],
    [[0x30, 0xab, 0xcd, 0x31], "01"],
    [[0x68], "hh"],
    [[...text("http/1.1")], "h1"],
    [[], "00"],
  ])("has the ends of its first protocol in JA4: %p", (name, ends) => {
    const { ja4 } = readClient({ cipherSuites: [1], extensions: [alpn(name, "h2")] });
    expect(ja4.slice(8, 10)).toBe(ends);
  });

  test("shows protocols and names that are no text without harm", () => {
    const extensions = [alpn([0x1b, 0x5b, 0x32, 0x4a], [0xff]), serverName("a\u001b[31m\u202eb")];
    const hello = readClient({ cipherSuites: [1], extensions });
    expect(hello.alpn).toEqual(["\ufffd[2J", "\ufffd"]);
    expect(hello.serverName).toBe("a\ufffd[31m\ufffdb");
  });

  test("gives no more names, and no longer ones, than the limits", () => {
    const names = Array.from({ length: 40 }, (_, index) => `p${index}`);
    const extensions = [serverName("x".repeat(5000)), alpn(...names)];
    const hello = readClient({ cipherSuites: [1], extensions });
    expect(hello.alpn).toEqual(names.slice(0, limits.tlsAlpnMax));
    expect(hello.serverName).toBe("x".repeat(limits.tlsNameBytesMax));
  });

  test("takes the first host name of a list with other names", () => {
    const list = concat([7], uint16(1), text("a"), [0], uint16(1), text("b"));
    const other = extension(0, concat(uint16(list.length), list));
    expect(readClient({ cipherSuites: [1], extensions: [other] }).serverName).toBe("b");
    const empty = readClient({ cipherSuites: [1], extensions: [extension(0, [])] });
    expect([empty.serverName, empty.ja4.slice(3, 4)]).toEqual(["", "d"]);
  });

  test.each([
    [[0x0304], "TLS 1.3", "13"],
    [[0x0302, 0x0301], "TLS 1.1", "11"],
    [[0x7f1c, 0x0303], "TLS 1.3 draft 28", "00"],
    [[0xfb1a], "TLS 1.3 draft 26", "00"],
    [[0x0505], "0x0505", "00"],
    [[0x5a5a], "TLS 1.2", "12"],
  ])("names the highest version offered: %p", (offered, name, short) => {
    const hello = readClient({ cipherSuites: [1], extensions: [versions(...offered)] });
    expect([hello.version, hello.ja4.slice(1, 3)]).toEqual([name, short]);
  });

  test("of SSL 3.0 is read, of SSL 2 not", () => {
    const hello = readClient({ version: 0x0300, cipherSuites: [4] });
    expect([hello.version, hello.ja4.slice(0, 3)]).toEqual(["SSL 3.0", "ts3"]);
    const ssl2 = hex("802b0103010012000000100700c0 030080 010080 060040 040080 020080");
    expect(dissectTlsHello(ssl2, 0, ssl2.length)).toBeUndefined();
  });

  test("is the same in any number of records, and after what may stand before it", () => {
    const message = clientHello(chrome);
    const whole = readClient(chrome);
    const notices = hex("15030300020170 140303000101");
    for (const bytesMax of [1, 3, 4, 5, 100, message.length - 1]) {
      const stream = concat(notices, tlsRecords(message, bytesMax), hex("1703030001 00"));
      expect(dissectTlsHello(stream, 0, stream.length)).toEqual(whole);
    }
  });

  test("that is cut has no fingerprints, and of the rest what stands there", () => {
    const stream = tlsRecords(clientHello(chrome));
    let withName = 0;
    for (let end = 11; end < stream.length; end++) {
      const hello = dissectTlsHello(stream, 0, end) as ClientHello;
      expect([hello.isWhole, hello.ja3, hello.ja4]).toEqual([false, "", ""]);
      expect(["", "TLS 1.3"]).toContain(hello.version);
      expect(["", "example.org"]).toContain(hello.serverName);
      if (hello.serverName !== "") withName++;
    }
    expect(withName).toBeGreaterThan(100);
  });

  test("of old that is cut still has its version", () => {
    const stream = tlsRecords(clientHello({ version: 0x0301, cipherSuites: [4, 5] }));
    const hello = dissectTlsHello(stream, 0, stream.length - 3);
    expect(hello).toMatchObject({ version: "TLS 1.0", isWhole: false });
  });

  test("whose extensions contradict their length has no fingerprints", () => {
    const wrong = concat(uint16(23), uint16(9), [1]);
    const hello = readClient({ cipherSuites: [1], extensions: [serverName("a"), wrong] });
    expect(hello).toMatchObject({ serverName: "a", isWhole: false, ja3: "", ja4: "" });
  });

  test("whose record is followed by something else in the middle is not whole", () => {
    const message = clientHello(chrome);
    const stream = concat(tlsRecords(message.subarray(0, 60)), hex("1503030002 0228"));
    expect(dissectTlsHello(stream, 0, stream.length)).toMatchObject({ isWhole: false });
  });

  test("longer than the limit is not whole, though its bytes are there", () => {
    const padding = extension(21, new Uint8Array(limits.helloBytesMax));
    const extensions = [serverName("a.example"), padding];
    const stream = tlsRecords(clientHello({ cipherSuites: [1], extensions }), 4000);
    const hello = dissectTlsHello(stream, 0, stream.length);
    expect(hello).toMatchObject({ serverName: "a.example", isWhole: false });
  });
});

describe("a ServerHello", () => {
  test("is told with its choice", () => {
    const extensions = [extension(0xff01, [0]), alpn("h2"), extension(23, [])];
    expect(readServer({ cipherSuites: [0xc02f], extensions })).toEqual({
      kind: "server",
      version: "TLS 1.2",
      cipherSuite: 0xc02f,
      alpn: ["h2"],
      ja3s: md5("771,49199,65281-16-23"),
      isWhole: true,
    });
  });

  test("of TLS 1.3 names it in an extension", () => {
    const extensions = [extension(43, [3, 4]), extension(51, [])];
    const hello = readServer({ cipherSuites: [0x1301], extensions });
    expect([hello.version, hello.ja3s]).toEqual(["TLS 1.3", md5("771,4865,43-51")]);
  });

  test("without extensions is whole", () => {
    const hello = readServer({ version: 0x0301, cipherSuites: [5] });
    expect([hello.version, hello.ja3s]).toEqual(["TLS 1.0", md5("769,5,")]);
  });
});

describe("no hello", () => {
  test.each([
    ["nothing", ""],
    ["application data", "1703030010 00112233445566778899aabbccddeeff"],
    ["an encrypted handshake record", "1603030010 5a112233445566778899aabbccddeeff"],
    ["a certificate", "1603030100 0b0000fc 0000f9"],
    ["a hello that is too short to be one", "160301000e 0100000a 0303 0000000000000000"],
    ["an empty record", "1603010000 0100002e 0303"],
    ["a record that is too long", "160301ffff 01000100 0303"],
    ["another version", "1602010040 0100003c 0303"],
    ["another version inside", "1603010040 0100003c 0203"],
    ["an alert alone", "15030300020170"],
    ["headers that are cut", "1603010040 010000"],
  ])("is seen in %s", (_name, digits) => {
    const bytes = hex(digits);
    expect(dissectTlsHello(bytes, 0, bytes.length)).toBeUndefined();
  });
});

function md5(value: string): string {
  return new Bun.CryptoHasher("md5").update(value).digest("hex");
}
