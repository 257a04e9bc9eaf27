import { describe, expect, test } from "bun:test";
import { limits } from "../../../src/config/limits.ts";
import { dissectSip, type SipMessage } from "../../../src/dissect/sip.ts";
import { concat, text } from "../../support/packets.ts";

function dissect(message: string): SipMessage | undefined {
  const bytes = text(message);
  return dissectSip(bytes, 0, bytes.length);
}

function withHeaders(...lines: string[]): SipMessage {
  const message = dissect(`INVITE sip:b@x.test SIP/2.0\r\n${lines.join("\r\n")}\r\n\r\n`);
  if (message === undefined) throw new Error("no SIP message");
  return message;
}

function withBody(type: string, ...lines: string[]): SipMessage["media"] {
  const body = lines.join("\r\n");
  return withHeaders(`Content-Type: ${type}`, "", body).media;
}

describe("a start line", () => {
  test("of a request gives the method", () => {
    const message = dissect("REGISTER sip:x.test SIP/2.0\r\nCall-ID: a\r\n\r\n");
    expect(message).toMatchObject({ method: "REGISTER", responseCode: 0, callId: "a" });
  });

  test("of a response gives code and reason", () => {
    const message = dissect("SIP/2.0 486 Busy Here\r\nCSeq: 1 INVITE\r\n\r\n");
    expect(message).toMatchObject({ method: "", responseCode: 486, reason: "Busy Here" });
    expect(message?.cseqMethod).toBe("INVITE");
    expect(dissect("SIP/2.0 200\r\n\r\n")).toMatchObject({ responseCode: 200, reason: "" });
  });

  test("may stand behind line ends", () => {
    expect(dissect("\r\n\r\nACK sip:b@x.test SIP/2.0\r\n\r\n")?.method).toBe("ACK");
  });

  test("that is of another protocol, cut off or longer than what is read, is none", () => {
    expect(dissect("GET / HTTP/1.1\r\nHost: x\r\n\r\n")).toBeUndefined();
    expect(dissect("SIP/2.0 999 No\r\n\r\n")).toBeUndefined();
    expect(dissect("INVITE sip:b@x.test SIP/2.0")).toBeUndefined();
    expect(
      dissect(`INVITE sip:${"b".repeat(limits.sipHeaderBytesMax)} SIP/2.0\r\n`),
    ).toBeUndefined();
    expect(dissect("")).toBeUndefined();
  });

  test("may have a long address", () => {
    const uri = `sip:${"b".repeat(2000)}@x.test`;
    expect(dissect(`INVITE ${uri} SIP/2.0\r\n\r\n`)?.method).toBe("INVITE");
  });
});

describe("headers", () => {
  test("are found in any case and in compact form, the first of each counts", () => {
    const message = withHeaders(
      "i: one@x",
      "CALL-ID: two@x",
      "f: <sip:alice@x.test>;tag=1",
      "TO : <sip:bob@x.test>;tag=2",
      "cseq:  7   OPTIONS",
      "c: application/SDP; charset=utf-8",
    );
    expect(message).toMatchObject({
      callId: "one@x",
      fromUser: "alice",
      fromUri: "sip:alice@x.test",
      fromTag: "1",
      toUser: "bob",
      toTag: "2",
      cseqMethod: "OPTIONS",
      contentType: "application/sdp",
    });
  });

  test("may be folded over lines", () => {
    const message = withHeaders("From: Alice", " <sip:alice@x.test>", "\t;tag=a", "Call-ID: c");
    expect(message).toMatchObject({ fromUser: "alice", fromTag: "a", callId: "c" });
  });

  test("give users of sip:, sips: and tel: addresses", () => {
    const fromOf = (value: string) => withHeaders(`From: ${value}`);
    expect(fromOf("sip:alice:secret@x.test;tag=t")).toMatchObject({
      fromUser: "alice",
      fromTag: "t",
    });
    expect(fromOf("SIPS:alice@x.test").fromUser).toBe("alice");
    expect(fromOf("<tel:+45-12;phone-context=x>;tag=t").fromUser).toBe("+45-12");
    expect(fromOf("<sip:+4512;phone-context=+45@x.test;user=phone>").fromUser).toBe("+4512");
    expect(fromOf("<sip:x.test>").fromUser).toBe("");
    expect(fromOf("<urn:service:sos>")).toMatchObject({ fromUser: "", fromUri: "urn:service:sos" });
  });

  test("may have quoted names that look like addresses", () => {
    const message = withHeaders(
      String.raw`From: "A \" <sip:evil@x>;tag=0" <sip:a@x>;x="y" ; Tag=1`,
    );
    expect(message).toMatchObject({ fromUser: "a", fromUri: "sip:a@x", fromTag: "1" });
  });

  test("give the first asserted identity", () => {
    const message = withHeaders('P-Asserted-Identity: "A" <sip:+1555@x.test>, <tel:+1555>');
    expect(message.pAssertedIdentity).toBe("sip:+1555@x.test");
  });

  test("that are cut off in the middle are not read", () => {
    const cut = dissect("BYE sip:b@x SIP/2.0\r\nFrom: <sip:a@x>\r\nCall-ID: 1234");
    expect(cut).toMatchObject({ fromUser: "a", callId: "" });
  });

  test("of unreasonable length are cut", () => {
    const message = withHeaders(`Call-ID: ${"é".repeat(limits.sipValueBytesMax)}`);
    expect(message.callId.length).toBeLessThanOrEqual(limits.sipValueBytesMax);
    expect(message.callId.startsWith("éé")).toBe(true);
  });

  test("give valid text whatever bytes they hold", () => {
    const bytes = concat(
      text("INFO sip:b@x SIP/2.0\r\nCall-ID: a"),
      [0xff, 0x00, 0xed, 0xa0, 0x80, 0x07],
      text("b\r\n\r\n"),
    );
    const callId = dissectSip(bytes, 0, bytes.length)?.callId ?? "";
    expect(callId).toMatch(/^a\ufffd+b$/);
  });
});

describe("media", () => {
  test("take the address of the session or their own", () => {
    const media = withBody(
      "application/sdp",
      "v=0",
      "o=- 1 1 IN IP4 192.0.2.9",
      "c=IN IP4 192.0.2.1",
      "m=audio 49170 RTP/AVP 0 8",
      "m=video 51372/2 RTP/AVP 99",
      "c=IN IP6 2001:DB8:0:0::1",
      "a=sendrecv",
    );
    expect(media).toEqual([
      { address: "192.0.2.1", port: 49_170 },
      { address: "2001:DB8:0:0::1", port: 51_372 },
    ]);
  });

  test("that are refused, on hold, named or of another kind are left out", () => {
    const media = withBody(
      "application/sdp",
      "v=0",
      "m=audio 0 RTP/AVP 0",
      "c=IN IP4 192.0.2.1",
      "m=audio 4000 RTP/AVP 0",
      "c=IN IP4 0.0.0.0",
      "m=audio 4002 RTP/AVP 0",
      "c=IN IP4 media.x.test",
      "m=application 4004 UDP/BFCP *",
      "c=IN IP4 192.0.2.1",
      "m=audio 70000 RTP/AVP 0",
      "c=IN IP4 192.0.2.1",
    );
    expect(media).toEqual([]);
  });

  test("are found in a part of a multipart body, and in no other type", () => {
    const lines = ["--b", "m=audio 1 x", "", "v=0", "c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 0"];
    expect(withBody("multipart/mixed;boundary=b", ...lines)).toHaveLength(1);
    expect(withBody("text/plain", ...lines)).toEqual([]);
  });

  test("are at most a few, and those of this message alone", () => {
    const many = Array.from({ length: 100 }, (_, index) => `m=audio ${4000 + index} RTP/AVP 0`);
    const all = withBody("application/sdp", "v=0", "c=IN IP4 192.0.2.1", ...many);
    expect(all).toHaveLength(limits.sipMediaMax);
    const body = "v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\n";
    const next = withHeaders(
      "c: application/sdp",
      `l: ${body.length}`,
      "",
      `${body}m=audio 5000 RTP/AVP 0`,
    );
    expect(next.media).toEqual([{ address: "192.0.2.1", port: 4000 }]);
  });
});
