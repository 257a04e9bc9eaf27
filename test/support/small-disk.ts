/** A small file system of its own, which a test fills up; needs root. */
import {
  chmodSync,
  closeSync,
  mkdtempSync,
  openSync,
  rmSync,
  statfsSync,
  truncateSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Why there is none on this machine; "" when there is. */
export const noSmallDisk: string = findObstacle(mountTmpfs);
/** The same of an ext4, of which a quarter is for root alone. */
export const noReservingDisk: string =
  Bun.which("mkfs.ext4") === null ? "there is no mkfs.ext4" : findObstacle(mountExt4);

export class SmallDisk {
  readonly directory: string;

  constructor(bytes: number, mount: Mount = mountTmpfs) {
    this.directory = mkdtempSync(join(tmpdir(), "weir-disk-"));
    const { exitCode, stderr } = mount(this.directory, bytes);
    if (exitCode !== 0) throw new Error(`mount: ${stderr?.toString()}`);
  }

  /** Anybody may write there; what is reserved for root is that of others. */
  static reserving(bytes: number): SmallDisk {
    const disk = new SmallDisk(bytes, mountExt4);
    // It brings a lost+found.
    rmSync(join(disk.directory, "lost+found"), { recursive: true });
    chmodSync(disk.directory, 0o777);
    return disk;
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

type Mount = (directory: string, bytes: number) => Pick<Bun.SyncSubprocess, "exitCode" | "stderr">;

function findObstacle(mount: Mount): string {
  if (process.platform !== "linux") return "mounting is tried on Linux only";
  if (process.getuid?.() !== 0) return "mounting needs root";
  const directory = mkdtempSync(join(tmpdir(), "weir-disk-"));
  const { exitCode } = mount(directory, 4 << 20);
  if (exitCode === 0) Bun.spawnSync(["umount", directory]);
  rmSync(directory, { recursive: true, force: true });
  return exitCode === 0 ? "" : "this container may not mount";
}

function mountTmpfs(directory: string, bytes: number) {
  const options = `size=${bytes},mode=0700`;
  return Bun.spawnSync(["mount", "-t", "tmpfs", "-o", options, "weir-test", directory]);
}

function mountExt4(directory: string, bytes: number) {
  const image = `${directory}.img`;
  closeSync(openSync(image, "w"));
  truncateSync(image, bytes);
  try {
    const made = Bun.spawnSync(["mkfs.ext4", "-q", "-F", "-m", "25", image]);
    return made.exitCode === 0 ? Bun.spawnSync(["mount", "-o", "loop", image, directory]) : made;
  } finally {
    // The mount keeps it.
    rmSync(image);
  }
}
