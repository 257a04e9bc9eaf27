import { expect, test } from "bun:test";
import { percentDecode, percentEncode } from "../../../src/grpc/grpc-status.ts";

test("grpc-message is percent-encoded UTF-8 that any text survives", () => {
  for (const text of ["plain text", "100 %", "é€𝄞", "line\nbreak", "\u0000\u007f", "a+b&c=d/é"]) {
    const encodedText = percentEncode(text);
    expect(encodedText).toMatch(/^[\x20-\x7e]*$/);
    expect(decodeURIComponent(encodedText)).toBe(text);
    expect(percentDecode(encodedText)).toBe(text);
  }
  expect(percentEncode("half \ud800 pair")).toBe("half %EF%BF%BD pair");
  expect(percentEncode("no room; 5 of 5, (--max) é 1%\n")).toBe(
    "no room; 5 of 5, (--max) %C3%A9 1%25%0A",
  );
});

test("a grpc-message that is not encoded as it should be is read as far as it can be", () => {
  expect(percentDecode("100% sure, 5 %zz %4")).toBe("100% sure, 5 %zz %4");
  expect(percentDecode("%C3%A9 and %c3%a9")).toBe("é and é");
  expect(percentDecode("half %C3 of it")).toBe("half \ufffd of it");
  expect(percentDecode("as it came: é")).toBe("as it came: é");
  expect(percentDecode("")).toBe("");
});
