import { expect, test } from "bun:test";
import { percentEncode } from "../../../src/door/grpc-response.ts";

test("grpc-message is percent-encoded UTF-8 that any text survives", () => {
  for (const text of ["plain text", "100 %", "é€𝄞", "line\nbreak", "\u0000\u007f", "a+b&c=d/é"]) {
    const encodedText = percentEncode(text);
    expect(encodedText).toMatch(/^[\x20-\x7e]*$/);
    expect(decodeURIComponent(encodedText)).toBe(text);
  }
  expect(percentEncode("half \ud800 pair")).toBe("half %EF%BF%BD pair");
  expect(percentEncode("no room; 5 of 5, (--max) é 1%\n")).toBe(
    "no room; 5 of 5, (--max) %C3%A9 1%25%0A",
  );
});
