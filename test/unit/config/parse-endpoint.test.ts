import { describe, expect, test } from "bun:test";
import { parseEndpoint, showEndpoint } from "../../../src/config/parse-endpoint.ts";

describe("to listen", () => {
  const good: [string, string, number][] = [
    [":50051", "", 50_051],
    [":0", "", 0],
    ["0.0.0.0:50051", "0.0.0.0", 50_051],
    ["[::]:50051", "::", 50_051],
    ["[fe80::1%eth0]:1", "fe80::1%eth0", 1],
    ["localhost:65535", "localhost", 65_535],
    ["node-1.edge_net.example.:80", "node-1.edge_net.example.", 80],
  ];
  for (const [text, host, port] of good) {
    test(text, () => {
      expect(parseEndpoint(text, "listen")).toEqual({ host, port });
      expect(showEndpoint({ host, port })).toBe(text);
    });
  }
  const bad: [string, string][] = [
    ["", "is not an address such as"],
    ["50051", "is not an address such as"],
    ["localhost", "is not an address such as"],
    ["localhost:", "is not an address such as"],
    ["localhost:http", "is not an address such as"],
    ["localhost:-1", "is not an address such as"],
    [":65536", "a port is a number from 0 to 65,535"],
    ["256.0.0.1:1", "is not an address such as"],
    ["1.2.3:1", "is not an address such as"],
    ["::1", "put an IPv6 address in brackets"],
    ["::1:50051", "put an IPv6 address in brackets"],
    ["[localhost]:1", "is not an address such as"],
    ["[::1]", "is not an address such as"],
    ["a b:1", "is not an address such as"],
    ["http://x:1", "put an IPv6 address in brackets"],
    ["\u001b[2J:1", "is not an address such as"],
  ];
  for (const [text, words] of bad) {
    test(`not ${JSON.stringify(text)}`, () => {
      const result = parseEndpoint(text, "listen");
      expect("fault" in result && result.fault).toContain(words);
    });
  }
});

test("to dial, host and port are needed", () => {
  expect(parseEndpoint("10.0.0.5:50051", "dial")).toEqual({ host: "10.0.0.5", port: 50_051 });
  expect(parseEndpoint(":50051", "dial")).toHaveProperty("fault");
  expect(parseEndpoint("[fe80::1]:1", "dial")).toEqual({ host: "fe80::1", port: 1 });
  expect(parseEndpoint("[fe80::1%eth0]:1", "dial")).toEqual({
    fault: '"[fe80::1%eth0]:1": an address with a zone cannot be dialled; take another, or a name',
  });
  expect(parseEndpoint("host:0", "dial")).toEqual({
    fault: '"host:0": a port is a number from 1 to 65,535',
  });
});
