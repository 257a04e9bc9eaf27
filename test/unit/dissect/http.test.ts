import { describe, expect, test } from "bun:test";
import { limits } from "../../../src/config/limits.ts";
import {
  dissectHttp,
  type HttpHead,
  type HttpRequest,
  type HttpResponse,
} from "../../../src/dissect/http.ts";
import { text } from "../../support/packets.ts";

function dissect(message: string): HttpHead | undefined {
  const bytes = text(message);
  return dissectHttp(bytes, 0, bytes.length);
}

function request(...lines: readonly string[]): HttpRequest {
  const head = dissect(`${lines.join("\r\n")}\r\n\r\n`);
  if (head?.kind !== "request") throw new Error("no request");
  return head;
}

function response(...lines: readonly string[]): HttpResponse {
  const head = dissect(`${lines.join("\r\n")}\r\n\r\n`);
  if (head?.kind !== "response") throw new Error("no response");
  return head;
}

describe("a request", () => {
  test("is told with all that it says", () => {
    const lines = [
      "no header",
      "Accept: */*",
      "user-AGENT:curl/8 (x)",
      "HOST:\twww.example.test:8080 ",
    ];
    expect(request("GET /a/b?c=d HTTP/1.1", ...lines)).toEqual({
      kind: "request",
      method: "GET",
      target: "/a/b?c=d",
      path: "/a/b?c=d",
      host: "www.example.test:8080",
      version: "HTTP/1.1",
      userAgent: "curl/8 (x)",
    });
  });

  test("of HTTP/1.0 needs no Host", () => {
    expect(request("POST / HTTP/1.0")).toMatchObject({ version: "HTTP/1.0", host: "", path: "/" });
  });

  test("to a proxy names host and path in its target, which outdoes the Host header", () => {
    const head = request("GET http://www.example.test/x?y#z HTTP/1.1", "Host: proxy.test");
    expect(head).toMatchObject({
      target: "http://www.example.test/x?y#z",
      host: "www.example.test",
      path: "/x?y#z",
    });
    expect(request("GET http://a.test HTTP/1.1")).toMatchObject({ host: "a.test", path: "/" });
    expect(request("GET http://a.test?q HTTP/1.1")).toMatchObject({ host: "a.test", path: "/?q" });
    const withPassword = request("GET ftp://user:secret@a.test:21/f HTTP/1.1");
    expect(withPassword).toMatchObject({ host: "a.test:21", path: "/f" });
  });

  test("for a tunnel has a host and no path", () => {
    const head = request("CONNECT a.test:443 HTTP/1.1", "Host: b.test");
    expect(head).toMatchObject({ target: "a.test:443", host: "a.test:443", path: "" });
  });

  test("for the whole server has an asterisk as its path", () => {
    const head = request("OPTIONS * HTTP/1.1", "Host: a.test");
    expect(head).toMatchObject({ target: "*", path: "*", host: "a.test" });
  });

  test.each(["M-SEARCH", "VERSION-CONTROL", "BASELINE-CONTROL", "PUT"])("may be %s", (method) => {
    expect(request(`${method} /x HTTP/1.1`).method).toBe(method);
  });

  test("may have blanks in its target, against the rules", () => {
    expect(request("GET /a b  c HTTP/1.1").target).toBe("/a b  c");
  });

  test("ends its lines with a line feed alone or behind a carriage return", () => {
    const head = dissect("GET / HTTP/1.1\nHost: a.test\nUser-Agent: b\n\n");
    expect(head).toMatchObject({ host: "a.test", userAgent: "b" });
  });

  test("folds headers, and the first of each name counts", () => {
    const lines = ["User-Agent: one", "\t two", "  three", "Host: a.test", "Host: b.test"];
    expect(request("GET / HTTP/1.1", ...lines)).toMatchObject({
      userAgent: "one two three",
      host: "a.test",
    });
  });

  test("has headers, not a body", () => {
    const head = dissect("POST / HTTP/1.1\r\nContent-Length: 12\r\n\r\nHost: a.test\r\n");
    expect(head).toMatchObject({ host: "" });
  });

  test("shows what a terminal would obey without harm", () => {
    const head = request("GET /\u001b[2J\u009b HTTP/1.1", "Host: a\u202eb", "User-Agent: ü\0");
    expect(head).toMatchObject({
      target: "/\ufffd[2J\ufffd",
      host: "a\ufffdb",
      userAgent: "ü\ufffd",
    });
    const bytes = Buffer.from("GET /\xff HTTP/1.1\r\n", "latin1");
    expect(dissectHttp(bytes, 0, bytes.length)).toMatchObject({ target: "/\ufffd" });
  });

  test("keeps the beginning of what is too long", () => {
    const long = "x".repeat(3000);
    const head = request(`GET /${long} HTTP/1.1`, `User-Agent: ${long}`, "Host: a.test");
    expect(head.target).toBe(`/${long}`.slice(0, limits.httpValueBytesMax));
    expect(head.userAgent).toBe(long.slice(0, limits.httpValueBytesMax));
    expect([head.version, head.host]).toEqual(["HTTP/1.1", "a.test"]);
  });

  test("is not read beyond the limit", () => {
    const head = request("GET / HTTP/1.1", `X: ${"x".repeat(limits.httpHeadBytesMax)}`, "Host: a");
    expect(head).toMatchObject({ path: "/", host: "" });
  });
});

describe("a request that is cut", () => {
  const whole = "GET /path?query HTTP/1.1\r\nHost: www.example.test\r\nUser-Agent: curl/8\r\n\r\n";

  test("says what stands there, and no half of a header", () => {
    for (let length = 5; length <= whole.length; length++) {
      const head = dissect(whole.slice(0, length)) as HttpRequest;
      expect(head.method).toBe("GET");
      expect("/path?query").toStartWith(head.path);
      expect(["", "HTTP/1.1"]).toContain(head.version);
      expect(["", "www.example.test"]).toContain(head.host);
      expect(["", "curl/8"]).toContain(head.userAgent);
    }
  });

  test("in its line must go on like a request", () => {
    for (const line of ["GET http://a.te", "CONNECT a.test:44", "OPTIONS *", "PUT /a HTT"]) {
      expect(dissect(line)).toMatchObject({ kind: "request", version: "" });
    }
    for (const line of ["GET", "GET ", "GET ready", "HELLO WORLD", "CONNECT "]) {
      expect(dissect(line)).toBeUndefined();
    }
  });
});

describe("a response", () => {
  test("is told with all that it says", () => {
    const lines = ["Server: x", "Content-Type: text/html; charset=utf-8"];
    expect(response("HTTP/1.1 404 Not Found", ...lines)).toEqual({
      kind: "response",
      status: 404,
      reason: "Not Found",
      version: "HTTP/1.1",
      contentType: "text/html; charset=utf-8",
    });
  });

  test("may have no reason", () => {
    for (const line of ["HTTP/1.0 200", "HTTP/1.0 200 "]) {
      expect(response(line)).toMatchObject({ status: 200, reason: "", version: "HTTP/1.0" });
    }
  });

  test("that is cut says what stands there", () => {
    expect(dissect("HTTP/1.1 302 Fou")).toMatchObject({ status: 302, reason: "Fou" });
    expect(dissect("HTTP/1.1 30")).toBeUndefined();
    expect(dissect("HTTP/1.1 200 OK\r\nContent-Type: text/ht")).toMatchObject({ contentType: "" });
  });
});

describe("no HTTP/1", () => {
  test.each([
    ["nothing", ""],
    ["a body", "<html>\r\n"],
    ["a body that begins like a request", "DELETE me not\r\nHost: a\r\n"],
    ["another version", "GET / HTTP/2.0\r\n\r\n"],
    ["the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    ["SIP", "OPTIONS sip:a SIP/2.0\r\n\r\n"],
    ["a method in small letters", "get / HTTP/1.1\r\n\r\n"],
    ["a method that is too short", "GO / HTTP/1.1\r\n\r\n"],
    ["a method that is too long", "GGGGGGGGGGGGGGGGGGGGG / HTTP/1.1\r\n\r\n"],
    ["no target", "GET HTTP/1.1\r\n\r\n"],
    ["no blank before the version", "GET /HTTP/1.1\r\n\r\n"],
    ["a status with a zero", "HTTP/1.1 099 X\r\n\r\n"],
    ["a status of four digits", "HTTP/1.1 2000 X\r\n\r\n"],
    ["a status that is none", "HTTP/1.1 OK\r\n\r\n"],
    ["a status behind other words", "HTTP/1.1-200\r\n\r\n"],
  ])("is seen in %s", (_name, message) => {
    expect(dissect(message)).toBeUndefined();
  });

  test("is seen outside the range", () => {
    const bytes = text("xxGET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
    expect(dissectHttp(bytes, 2, bytes.length)).toMatchObject({ host: "a.test" });
    expect(dissectHttp(bytes, 2, 22)).toMatchObject({ host: "" });
    expect(dissectHttp(bytes, 4, 4)).toBeUndefined();
  });
});
