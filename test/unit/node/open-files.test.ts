import { expect, test } from "bun:test";
import { limits } from "../../../src/config/limits.ts";
import { connectionsFor, openFilesMax } from "../../../src/node/open-files.ts";

const { connectionsMax, openFilesReserved } = limits;

test.each([
  [Number.POSITIVE_INFINITY, connectionsMax],
  [connectionsMax + openFilesReserved, connectionsMax],
  [1024, 1024 - openFilesReserved],
  [100, 50],
  [3, 1],
])("of %d open files %d are for connections", (openFiles, connections) => {
  expect(connectionsFor(openFiles)).toBe(connections);
});

test("the limit of this process is known", () => {
  expect(openFilesMax()).toBeGreaterThan(0);
});
