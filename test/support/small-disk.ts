/** A small file system of its own, which a test fills up; needs root. */
import { closeSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Why there is none on this machine; "" when there is. */
export const noSmallDisk: string = findObstacle();

export class SmallDisk {
  readonly directory: string;

  constructor(bytes: number) {
    this.directory = mkdtempSync(join(tmpdir(), "weir-disk-"));
    const { exitCode, stderr } = mount(this.directory, bytes);
    if (exitCode !== 0) throw new Error(`mount: ${stderr.toString()}`);
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.directory);
    return bavail * bsize;
  }

  /** Takes that much of the space, or all of it when that is less, until the returned function is called. */
  occupy(bytes: number): () => void {
    const path = join(this.directory, ".occupied");
    fill(path, bytes);
    return () => rmSync(path);
  }

  remove(): void {
    // Lazy: a process that a failed test left behind may still have a file open.
    Bun.spawnSync(["umount", "-l", this.directory]);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function fill(path: string, bytes: number): void {
  const block = Buffer.alloc(64 * 1024);
  const fd = openSync(path, "w");
  try {
    for (let left = bytes; left > 0; left -= block.length) {
      writeSync(fd, block, 0, Math.min(left, block.length));
    }
  } catch (error) {
    if ((error as { code?: string }).code !== "ENOSPC") throw error;
  } finally {
    closeSync(fd);
  }
}

function findObstacle(): string {
  if (process.platform !== "linux") return "tmpfs is Linux only";
  if (process.getuid?.() !== 0) return "mounting a tmpfs needs root";
  const directory = mkdtempSync(join(tmpdir(), "weir-disk-"));
  const { exitCode } = mount(directory, 1 << 20);
  if (exitCode === 0) Bun.spawnSync(["umount", directory]);
  rmSync(directory, { recursive: true, force: true });
  return exitCode === 0 ? "" : "this container may not mount a tmpfs";
}

function mount(directory: string, bytes: number) {
  const options = `size=${bytes},mode=0700`;
  return Bun.spawnSync(["mount", "-t", "tmpfs", "-o", options, "weir-test", directory]);
}
