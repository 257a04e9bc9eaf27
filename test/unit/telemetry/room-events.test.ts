import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { limits } from "../../../src/config/limits.ts";
import type { RoomEvent } from "../../../src/telemetry/room-events.ts";

const root = join(import.meta.dir, "../../..");
const filesOf = (pattern: string) => [...new Bun.Glob(pattern).scanSync(root)].toSorted();
const tables = [
  ...filesOf("src/*/events.ts").filter((path) => path !== "src/telemetry/events.ts"),
  "src/telemetry/room-events.ts",
];

async function eventsOf(path: string): Promise<RoomEvent[]> {
  const exported = Object.values((await import(join(root, path))) as Record<string, object>);
  return exported.flatMap((table) => Object.values(table) as RoomEvent[]);
}

for (const path of tables) {
  test(`${path}: names are <room>-<what>`, async () => {
    const [, room] = path.split("/");
    const events = await eventsOf(path);
    expect(events.length).toBeGreaterThan(0);
    for (const { name } of events) expect(name).toMatch(new RegExp(`^${room}(-[a-z]+)+$`));
  });
}

test("a log has room for the names of all rooms", async () => {
  const events = (await Promise.all(tables.map(eventsOf))).flat();
  expect(new Set(events.map(({ name }) => name)).size).toBeLessThan(limits.logEventsMax / 2);
});

test("nobody logs past the tables of events", () => {
  const literal = /\blog\.(?:debug|info|warn|error)\(\s*["'`]|\.tell\(\s*["'`]/;
  const guilty = filesOf("src/**/*.ts").filter((path) =>
    literal.test(readFileSync(join(root, path), "utf8").replaceAll(/this\.tell\(/g, "")),
  );
  expect(guilty).toEqual([]);
});
