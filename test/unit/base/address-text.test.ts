import { describe, expect, test } from "bun:test";
import { addressText, parseAddress } from "../../../src/base/address-text.ts";
import { seeded } from "../../support/seeded.ts";

function canonical(text: string): string | undefined {
  const bytes = parseAddress(text);
  return bytes && addressText(bytes, 0, bytes.length === 4 ? 4 : 6);
}

describe("address text", () => {
  test("of IPv6 is that of RFC 5952", () => {
    expect(canonical("2001:0DB8:0:0:0:0:0:1")).toBe("2001:db8::1");
    expect(canonical("2001:db8:0:1:1:1:1:1")).toBe("2001:db8:0:1:1:1:1:1");
    expect(canonical("2001:0:0:1:0:0:0:1")).toBe("2001:0:0:1::1");
    expect(canonical("2001:db8:0:0:1:0:0:1")).toBe("2001:db8::1:0:0:1");
    expect(canonical("0:0:0:0:0:0:0:0")).toBe("::");
    expect(canonical("::1")).toBe("::1");
    expect(canonical("fe80::")).toBe("fe80::");
    expect(canonical("::ffff:c000:0201")).toBe("::ffff:192.0.2.1");
    expect(canonical("64:ff9b::192.0.2.1")).toBe("64:ff9b::c000:201");
  });

  test("of IPv4 is dotted decimal", () => {
    expect(canonical("192.0.2.255")).toBe("192.0.2.255");
    expect(addressText(Uint8Array.of(9, 10, 0, 0, 1), 1, 4)).toBe("10.0.0.1");
  });

  test("goes to bytes and back, as the URL parser has it", () => {
    const random = seeded(5);
    for (let round = 0; round < 2000; round++) {
      const bytes = new Uint8Array(16);
      for (let at = 0; at < 16; at++)
        if (random.between(0, 2) === 0) bytes[at] = random.between(0, 255);
      bytes[0] = 0x20;
      const text = addressText(bytes, 0, 6);
      expect(parseAddress(text)).toEqual(bytes);
      expect(text).toBe(new URL(`http://[${text}]/`).hostname.slice(1, -1));
    }
  });

  test("that is none gives nothing", () => {
    const wrong = "|1|1.2.3|1.2.3.4.5|01.2.3.4|256.1.1.1|1.2.3.4 |:|:::|1::2::3|1:2:3:4:5:6:7|g::1";
    const more =
      "1:2:3:4:5:6:7:8:9|1:2:3:4::5:6:7:8|12345::|::1%eth0|::1/64|1.2.3.4::|1:2:3:4:5:6:7:1.2.3.4";
    for (const text of `${wrong}|${more}`.split("|"))
      expect(parseAddress(text), text).toBeUndefined();
  });
});
