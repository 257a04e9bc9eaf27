import { describe, expect, test } from "bun:test";
import { ExpressionError } from "../../../src/expression/expression-error.ts";
import { tokenize } from "../../../src/expression/lexer.ts";

function kinds(text: string): string[] {
  return tokenize(text).map(({ kind, text: shown }) => `${kind} ${shown}`.trim());
}

describe("tokens", () => {
  test("symbols and words that mean the same become one", () => {
    const expected = ["symbol not", "word tcp", "symbol and", "word udp", "symbol or", "word ip"];
    expect(kinds("! tcp && udp || ip")).toEqual([...expected, "end"]);
    expect(kinds("not tcp and udp or ip")).toEqual([...expected, "end"]);
    expect(kinds("==")).toEqual(kinds("="));
  });

  test("the longest one wins", () => {
    expect(kinds("80-90")).toEqual(["name 80-90", "end"]);
    expect(kinds("80 -90")).toEqual(["number 80", "symbol -", "number 90", "end"]);
    expect(kinds("tcp-syn|tcp")).toEqual(["number tcp-syn", "symbol |", "word tcp", "end"]);
    expect(kinds("a<<=b")).toEqual(["name a", "symbol <<", "symbol =", "name b", "end"]);
    expect(kinds("ip[2:2]")).toEqual([
      "word ip",
      "symbol [",
      "number 2",
      "symbol :",
      "number 2",
      "symbol ]",
      "end",
    ]);
  });

  test("addresses are told from numbers and names", () => {
    expect(kinds("10 10.1 10.1.2 10.1.2.3")).toEqual([
      "number 10",
      "ipv4 10.1",
      "ipv4 10.1.2",
      "ipv4 10.1.2.3",
      "end",
    ]);
    expect(kinds("::1 2001:db8::/32 ::ffff:10.0.0.1")).toEqual([
      "ipv6 ::1",
      "ipv6 2001:db8::",
      "symbol /",
      "number 32",
      "ipv6 ::ffff:10.0.0.1",
      "end",
    ]);
    for (const mac of ["1:2:3:4:5:6", "01-02-03-04-05-06", "0102.0304.0506", "010203040506"]) {
      expect(kinds(mac)).toEqual([`mac ${mac}`, "end"]);
    }
  });

  test("numbers are decimal, octal or hexadecimal, and names of fields are numbers", () => {
    const values = tokenize("12 012 0x1F tcp-ack icmp6-echo").map(({ value }) => value);
    expect(values).toEqual([12, 10, 31, 0x10, 128, 0]);
  });

  test("a backslash makes a name of a keyword", () => {
    expect(kinds("\\tcp tcp")).toEqual(["name tcp", "word tcp", "end"]);
  });

  test("each knows where it begins", () => {
    expect(tokenize(" tcp  port\t80").map(({ character }) => character)).toEqual([2, 7, 12, 14]);
  });

  test.each([
    ["tcp; udp", '";" at character 4 has no meaning'],
    ["host é", '"é" at character 6 has no meaning'],
    ["port 08", '"08" at character 6 begins with 0 and is octal'],
    ["len > 4294967296", '"4294967296" at character 7 is too large'],
    ["tcp and inbound", '"inbound" at character 9 is not supported; possible: protocols'],
    ["gateway 10.0.0.1", '"gateway" at character 1 is not supported'],
    ["wlan type mgt", '"wlan" at character 1 is not supported'],
  ])("%p is refused", (text, problem) => {
    expect(() => tokenize(text)).toThrow(ExpressionError);
    expect(() => tokenize(text)).toThrow(problem);
  });
});
