import { expect, test } from "bun:test";
import { peerAddress, peerText } from "../../../src/base/peer-text.ts";

test("the address of a client is one that programs can take apart, and so do we", () => {
  const cases: [address: string | undefined, peer: string, again: string][] = [
    ["192.0.2.7", "192.0.2.7:5000", "192.0.2.7"],
    ["::ffff:192.0.2.7", "192.0.2.7:5000", "192.0.2.7"],
    ["2001:db8::7", "[2001:db8::7]:5000", "2001:db8::7"],
    ["fe80::7%eth0", "[fe80::7%eth0]:5000", "fe80::7%eth0"],
    ["::ffff:0:7", "[::ffff:0:7]:5000", "::ffff:0:7"],
    [undefined, "unknown:5000", "unknown"],
  ];
  for (const [address, peer, again] of cases) {
    expect(peerText(address, 5000)).toBe(peer);
    expect(peerAddress(peer)).toBe(again);
  }
});
