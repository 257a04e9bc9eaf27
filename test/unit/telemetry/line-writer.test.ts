import { expect, test } from "bun:test";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLineWriter } from "../../../src/telemetry/line-writer.ts";

function inFile(body: (fd: number, path: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "weir-log-"));
  const path = join(folder, "log");
  const fd = openSync(path, "w");
  return body(fd, path).finally(() => {
    closeSync(fd);
    rmSync(folder, { recursive: true });
  });
}

test("writes every line in order", () =>
  inFile(async (fd, path) => {
    const writer = createLineWriter({ fd, droppedLine: String });
    const lines = Array.from({ length: 5000 }, (_, i) => `line ${i} ${"x".repeat(i % 90)}`);
    for (const line of lines) writer.write(line);
    await writer.flush();
    expect(readFileSync(path, "utf8")).toBe(`${lines.join("\n")}\n`);
  }));

test("a full buffer drops lines, counts them and says so in one line", () =>
  inFile(async (fd, path) => {
    const writer = createLineWriter({ fd, bytesMax: 100, droppedLine: (n) => `dropped ${n}` });
    for (let i = 0; i < 50; i += 1) writer.write("123456789");
    await writer.flush();
    writer.write("after");
    await writer.flush();
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    expect(lines.filter((line) => line === "123456789").length).toBe(10);
    expect(lines.slice(10)).toEqual(["dropped 40", "after"]);
    expect(writer.droppedLines()).toBe(40);
  }));

test("a closed descriptor ends writing without a fault", () =>
  inFile(async (_fd, path) => {
    const readOnly = openSync(path, "r");
    const writer = createLineWriter({ fd: readOnly, droppedLine: String });
    writer.write("lost");
    await writer.flush();
    writer.write("lost too");
    await writer.flush();
    closeSync(readOnly);
    expect(readFileSync(path, "utf8")).toBe("");
  }));
