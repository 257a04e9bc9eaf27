/** Generates the test of an expression for one form of link layer. */
import { ExpressionError } from "./expression-error.ts";
import { byteAtLeast, byteEquals, shortEquals, wordEquals } from "./field-tests.ts";
import { headerOf } from "./header.ts";
import { etherHostTest, ipv4HostTest, ipv6HostTest } from "./host-tests.ts";
import { type LinkForm, LinkLayout } from "./link-layout.ts";
import { etherType, type LinkCase, linkCases } from "./link-protocol.ts";
import { all, always, and, any, never, not, or, type PacketTest } from "./packet-test.ts";
import { loadsOf, relationTest } from "./relation.ts";
import type {
  Encapsulation,
  Expression,
  IpProtocol,
  Ipv4Host,
  Load,
  Primitive,
  Relation,
} from "./syntax-tree.ts";
import type { Token } from "./token.ts";
import {
  ipv4PortTest,
  ipv4ProtocolTest,
  ipv6PortTest,
  ipv6ProtocolTest,
} from "./transport-tests.ts";

/**
 * The test that an expression is for packets of one form. What a form cannot express never matches.
 * Ethernet can express everything that any form can: for it this throws ExpressionError, for the
 * others never.
 */
export function generateTest(expression: Expression, form: LinkForm): PacketTest {
  return new Generator(form).test(expression);
}

class Generator {
  private readonly form: LinkForm;
  private readonly layout: LinkLayout;

  constructor(form: LinkForm) {
    this.form = form;
    this.layout = new LinkLayout(form);
  }

  /** Left before right: what encapsulates moves the layout for all that is read after it. */
  test(expression: Expression): PacketTest {
    switch (expression.kind) {
      case "and": {
        const left = this.test(expression.left);
        return and(left, this.test(expression.right));
      }
      case "or": {
        const left = this.test(expression.left);
        return or(left, this.test(expression.right));
      }
      case "not":
        return not(this.test(expression.inner));
      default:
        return this.primitive(expression);
    }
  }

  private primitive(primitive: Primitive): PacketTest {
    const { payloadAt } = this.layout;
    switch (primitive.kind) {
      case "link-protocol":
        return this.follows(primitive.number, primitive.token);
      case "ip-protocol":
        return this.ipProtocol(primitive);
      case "ipv4-host":
        return this.ipv4Host(primitive);
      case "ipv6-host":
        return this.in(etherType.ip6, primitive.token, ipv6HostTest(primitive, payloadAt));
      case "ports":
        return this.cases(primitive.token, [
          [etherType.ip6, ipv6PortTest(primitive, payloadAt)],
          [etherType.ip, ipv4PortTest(primitive, payloadAt)],
        ]);
      case "ether-host":
        return this.inEthernet(primitive.token, etherHostTest(primitive));
      case "ether-multicast":
        return this.inEthernet(primitive.token, byteEquals(0, 1, 1));
      case "ip-broadcast":
        return this.in(etherType.ip, primitive.token, isBroadcast(payloadAt));
      case "ip-multicast":
        return this.in(etherType.ip, primitive.token, byteAtLeast(payloadAt + 16, 224));
      case "ip6-multicast":
        return this.in(etherType.ip6, primitive.token, byteEquals(payloadAt + 24, 0xff));
      case "vlan":
        return this.vlan(primitive);
      case "mpls":
        return this.mpls(primitive);
      case "pppoes":
        return this.pppoes(primitive);
      case "relation":
        return this.relation(primitive);
    }
  }

  /** What the form cannot express. */
  private refuse(token: Token, problem: string): PacketTest {
    if (this.form === "ethernet") throw new ExpressionError(token, problem);
    return never;
  }

  private follows(protocol: number, token: Token): PacketTest {
    return this.cases(token, [[protocol, always]]);
  }

  private in(protocol: number, token: Token, test: PacketTest): PacketTest {
    return this.cases(token, [[protocol, test]]);
  }

  private cases(token: Token, cases: readonly LinkCase[]): PacketTest {
    const test = linkCases(this.layout, cases);
    return test ?? this.refuse(token, "cannot be tested behind mpls: ip and ip6 can");
  }

  private inEthernet(token: Token, test: PacketTest): PacketTest {
    if (this.layout.form === "ethernet") return test;
    return this.refuse(token, "is of Ethernet and cannot be tested behind pppoes");
  }

  private ipProtocol({ number, token, versions }: IpProtocol): PacketTest {
    const { payloadAt } = this.layout;
    const cases = versions.map((version): LinkCase => {
      return version === 4
        ? [etherType.ip, ipv4ProtocolTest(payloadAt, number)]
        : [etherType.ip6, ipv6ProtocolTest(payloadAt, number)];
    });
    return this.cases(token, cases);
  }

  private ipv4Host(host: Ipv4Host): PacketTest {
    const { payloadAt, labels } = this.layout;
    // Without a protocol before it a host may be in any, of which MPLS carries IP alone.
    const layers = host.layers.length > 1 && labels > 0 ? (["ip"] as const) : host.layers;
    const cases = layers.map((layer): LinkCase => {
      const [source, destination] = layer === "ip" ? [12, 16] : [14, 24];
      return [etherType[layer], ipv4HostTest(host, payloadAt + source, payloadAt + destination)];
    });
    return this.cases(host.token, cases);
  }

  private vlan({ id, token }: Encapsulation): PacketTest {
    const { labels, form, typeAt, payloadAt } = this.layout;
    if (labels > 0) return this.refuse(token, "cannot be tested behind mpls");
    if (form !== "ethernet") return this.refuse(token, "cannot be tested behind pppoes");
    const isTagged = any([0x8100, 0x88a8, 0x9100].map((type) => shortEquals(typeAt, type)));
    this.layout.enterVlan();
    return id < 0 ? isTagged : and(isTagged, shortEquals(payloadAt, id, 0xfff));
  }

  private mpls({ id, token }: Encapsulation): PacketTest {
    const { form, labels, typeAt, payloadAt } = this.layout;
    if (form !== "ethernet" && form !== "ppp") {
      return this.refuse(token, "cannot be tested for this link type");
    }
    // A further label follows one that is not the bottom of the stack.
    const isLabelled =
      labels > 0
        ? byteEquals(payloadAt - 2, 0, 1)
        : shortEquals(typeAt, form === "ppp" ? 0x0281 : 0x8847);
    this.layout.enterMpls();
    return id < 0 ? isLabelled : and(isLabelled, wordEquals(payloadAt, id << 12, 0xffff_f000));
  }

  private pppoes({ id, token }: Encapsulation): PacketTest {
    const { payloadAt } = this.layout;
    const isSession = this.follows(0x8864, token);
    this.layout.enterPppoe();
    return id < 0 ? isSession : and(isSession, wordEquals(payloadAt, id, 0xffff));
  }

  private relation(relation: Relation): PacketTest {
    const loads = [...loadsOf(relation.left), ...loadsOf(relation.right)];
    const headers = loads.flatMap(({ load, isTested }) => {
      const header = this.header(load);
      return isTested ? [header] : [];
    });
    return and(all(headers), relationTest(this.layout, relation));
  }

  /** That the header is there of which bytes are loaded. */
  private header({ protocol, token }: Load): PacketTest {
    const { payloadAt } = this.layout;
    const header = headerOf(protocol);
    switch (header?.kind) {
      case "network":
        return this.follows(header.etherType, token);
      case "over-ipv4": {
        const isNoLaterFragment = shortEquals(payloadAt + 6, 0, 0x1fff);
        const isThere = and(ipv4ProtocolTest(payloadAt, header.protocol), isNoLaterFragment);
        return this.in(etherType.ip, token, isThere);
      }
      case "over-ipv6":
        return this.in(etherType.ip6, token, byteEquals(payloadAt + 6, header.protocol));
      case "link":
      case undefined:
        return always;
    }
  }
}

/** As libpcap has it where the mask of the network is not known. */
function isBroadcast(headerAt: number): PacketTest {
  return or(wordEquals(headerAt + 16, 0), wordEquals(headerAt + 16, 0xffff_ffff));
}
