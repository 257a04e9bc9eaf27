import { expect, test } from "bun:test";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { watchFiles } from "../../../src/base/file-watch.ts";
import { until } from "../../support/record-in-process.ts";

test("looks at what happens to the files, and not at what happens beside them", async () => {
  const directory = mkdtempSync(join(tmpdir(), "weir-watch-"));
  const path = join(directory, "a");
  const beside = join(directory, "b");
  writeFileSync(path, "1");
  let looks = 0;
  // The first look is that of the beginning, and none follows by the clock.
  const end = watchFiles([path], 3_600_000, () => {
    looks++;
  });
  try {
    const before = looks;
    for (let n = 0; n < 100; n++) writeFileSync(beside, `${n}`);
    // Events come in order: that of the file is behind those of the other.
    await until(() => {
      writeFileSync(path, "2");
      return looks > before;
    });
    expect(looks - before).toBeLessThan(5);
    const written = looks;
    await until(() => {
      writeFileSync(beside, "3");
      renameSync(beside, path);
      return looks > written;
    });
  } finally {
    end();
    rmSync(directory, { recursive: true });
  }
});
