import { describe, expect, test } from "bun:test";
import { limits } from "../../../src/config/limits.ts";
import { compileExpression } from "../../../src/expression/compile-expression.ts";
import { ExpressionError } from "../../../src/expression/expression-error.ts";
import { parseExpression } from "../../../src/expression/parser.ts";
import type { Arithmetic, Expression } from "../../../src/expression/syntax-tree.ts";

/** The tree in short: how things are joined, and what of each test can differ. */
function shown(node: Expression): string {
  switch (node.kind) {
    case "and":
    case "or":
      return `(${shown(node.left)} ${node.kind} ${shown(node.right)})`;
    case "not":
      return `not ${shown(node.inner)}`;
    case "ports": {
      const ranges = node.ranges.map(({ first, last }) => `${first}-${last}`);
      return `${node.protocols.join("+")} ${node.direction} ${ranges.join()}`;
    }
    case "ipv4-host":
      return `${node.layers.join("+")} ${node.direction} ${node.addresses.join()}`;
    case "ip-protocol":
      return `protocol ${node.number}`;
    case "relation":
      return `${number(node.left)} ${node.comparison} ${number(node.right)}`;
    default:
      return node.kind;
  }
}

function number(arithmetic: Arithmetic): string {
  switch (arithmetic.kind) {
    case "number":
      return `${arithmetic.value}`;
    case "length":
      return "len";
    case "operation":
      return `(${number(arithmetic.left)} ${arithmetic.operator} ${number(arithmetic.right)})`;
    case "load":
      return `${arithmetic.protocol}[${number(arithmetic.index)}:${arithmetic.size}]`;
  }
}

const parse = (text: string) => shown(parseExpression(text));

describe("what an expression is made of", () => {
  test("and and or bind alike, from left to right; not binds closest", () => {
    expect(parse("tcp or udp and icmp")).toBe("((protocol 6 or protocol 17) and protocol 1)");
    expect(parse("not tcp and udp")).toBe("(not protocol 6 and protocol 17)");
    expect(parse("not (tcp and udp)")).toBe("not (protocol 6 and protocol 17)");
  });

  test("an id takes over what stood before the one before it", () => {
    const [https, http] = ["6 src 443-443", "6 src 80-80"];
    expect(parse("tcp src port 80 or 443")).toBe(`(${http} or ${https})`);
    expect(parse("tcp src port (80 or 443)")).toBe(`(${http} or ${https})`);
    expect(parse("tcp src port 80 and not 443")).toBe(`(${http} and not ${https})`);
    expect(parse("tcp src port 80 and not (443 or 80)")).toBe(
      `(${http} and not (${https} or ${http}))`,
    );
    expect(parse("port 80 or host 10.0.0.1 or 10.0.0.2")).toContain("src or dst 167772162");
    expect(() => parse("(port 80) or 443")).toThrow('"443" at character 14 needs a word before it');
  });

  test("a name stands for the transports it has", () => {
    expect(parse("port ntp")).toBe("17 src or dst 123-123");
    expect(parse("port domain")).toBe("132+6+17 src or dst 53-53");
    expect(parse("tcp portrange http-domain")).toBe("6 src or dst 53-80");
    expect(() => parse("udp port http")).toThrow("is a port of another transport");
  });

  test("arithmetic has the order of libpcap", () => {
    expect(parse("ip[0] + 2 * len > 1")).toBe("(ip[0:1] + (2 * len)) > 1");
    expect(parse("tcp[0] & 7 | len = 1")).toBe("((tcp[0:1] & 7) | len) = 1");
    expect(parse("len - 1 - 1 = 1")).toBe("((len - 1) - 1) = 1");
    expect(parse("len % 3 * 2 = 1")).toBe("(len % 6) = 1");
    expect(parse("(len) = 7 - 3")).toBe("len = 4");
    expect(parse("((len + 1) * 2 = 4)")).toBe("((len + 1) * 2) = 4");
    expect(parse("ip[len:2] = -1")).toBe("ip[len:2] = 4294967295");
  });
});

describe("what is no expression", () => {
  test.each([
    ["tcp port", "the end at character 9 is unexpected here; possible: a port by number or name"],
    ["tcp prot 80", '"prot" at character 5 is unexpected here; possible: and, or, the end'],
    ["tpc port 80", "did you mean tcp?"],
    ["TCP", "did you mean tcp?"],
    ["10.0.0.1", '"10.0.0.1" at character 1 needs a word before it, such as host'],
    ["tcp or 80", '"80" at character 8 needs a word before it'],
    [
      "host example.org",
      '"example.org" at character 6 is not an address, and names are not looked up',
    ],
    ["port htttp", "did you mean http?"],
    [
      "ip proto tcp",
      '"tcp" at character 10 is unexpected here; possible: a protocol by number, or by',
    ],
    ["host 10.0.0.300", "its parts are 0 to 255"],
    ["net 10.0.0.1/8", '"10.0.0.1" at character 5 has bits set outside of its mask'],
    ["net 10.0.0.0/33", '"33" at character 14 is not a prefix length (0 to 32)'],
    ["10.0.0.0/8", "needs a word before it"],
    ["host 10.0.0.0/8", "write net before it"],
    ["host 02:00:00:00:00:01", "write ether host before it"],
    [
      "tcp host 10.0.0.1",
      "cannot follow tcp: an IPv4 address can follow ip, arp, rarp or no protocol",
    ],
    ["port 65536", '"65536" at character 6 is not a port'],
    ["icmp port 7", "cannot be a port of icmp"],
    ["(tcp", "the end at character 5 is unexpected here; possible: and, or, )"],
    ["ip[0:3] = 1", '"3" at character 6 is not a field size (1, 2 or 4)'],
    ["esp[0] = 1", '"esp" at character 1 has no header'],
    ["len / 0 = 1", '"/" at character 5 divides by zero'],
    ["len=5-3", "write a blank before a minus sign"],
    ["vlan 4096", '"4096" at character 6 is too large for vlan: the most is 4095'],
    ["mpls and arp", '"arp" at character 10 cannot be tested behind mpls'],
    ["pppoes and vlan", '"vlan" at character 12 cannot be tested behind pppoes'],
  ])("%p says what is wrong, where, and what is possible", (text, problem) => {
    expect(() => compileExpression(text)).toThrow(ExpressionError);
    expect(() => compileExpression(text)).toThrow(problem);
  });

  test("an error is short and fit for a terminal, whatever the text", () => {
    let message = "";
    try {
      compileExpression(`host ${"a".repeat(5000)}`);
    } catch (error) {
      message = error instanceof ExpressionError ? error.message : "";
    }
    expect(message).toStartWith('packet filter: "aaaa');
    expect(message.length).toBeLessThan(400);
    expect(() => compileExpression("\u001b[2J")).toThrow("\\u001b");
  });
});

describe("a hostile text is refused in good time", () => {
  const { expressionDepthMax, expressionPartsMax, expressionTestsMax } = limits;

  test.each([
    ["(".repeat(16_000), `${expressionDepthMax} levels`],
    ["not ".repeat(4000), `${expressionDepthMax} levels`],
    ["-".repeat(16_000), `${expressionDepthMax} levels`],
    ["ip[".repeat(5000), `${expressionDepthMax} levels`],
    [`len${" ^ len".repeat(200)} = 1`, `${expressionDepthMax} levels`],
    [`port 1${" or 1".repeat(expressionPartsMax)}`, `${expressionPartsMax} ids`],
    [`tcp${" or udp".repeat(expressionTestsMax)}`, `${expressionTestsMax} tests`],
    [`len${" + len".repeat(expressionTestsMax)} = 1`, `${expressionTestsMax} tests`],
    [`tcp${" ".repeat(limits.expressionCharsMax)}`, `${limits.expressionCharsMax} characters`],
    [`vlan ${"(".repeat(16_000)}`, "is unexpected here"],
    ["1:".repeat(8000), "needs a word before it"],
  ])("%.20p…", (text, problem) => {
    expect(() => compileExpression(text)).toThrow(ExpressionError);
    expect(() => compileExpression(text)).toThrow(problem);
  });

  test("a long list is one test", () => {
    const addresses = Array.from({ length: 700 }, (_, index) => `10.0.${index % 4}.${index % 250}`);
    compileExpression(`host ${addresses.join(" or ")}`);
    compileExpression(`udp and dst port (${[...addresses.keys()].join(" or ")})`);
  });
});
