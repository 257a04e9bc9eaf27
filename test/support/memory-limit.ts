/** A limit on what a process uses of memory: a control group of its own (version 1); needs root. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = "/sys/fs/cgroup/memory";

/** Why there is none on this machine; "" when there is. */
export const noMemoryLimit: string = findObstacle();

export class MemoryLimit {
  private readonly directory: string;

  constructor(bytes: number) {
    this.directory = join(root, `weir-${process.pid}`);
    mkdirSync(this.directory);
    writeFileSync(join(this.directory, "memory.limit_in_bytes"), String(bytes));
  }

  /** The command to run another under, within the limit. */
  get under(): string[] {
    return ["sh", "-c", `echo $$ > ${this.directory}/tasks && exec "$@"`, "sh"];
  }

  /** How often a process was killed because it wanted more. */
  get kills(): number {
    const text = readFileSync(join(this.directory, "memory.oom_control"), "utf8");
    return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
  }

  remove(): void {
    rmdirSync(this.directory);
  }
}

function findObstacle(): string {
  if (process.getuid?.() !== 0) return "a control group needs root";
  if (!existsSync(join(root, "memory.limit_in_bytes"))) return "there are no control groups v1";
  const probe = join(root, `weir-${process.pid}-probe`);
  try {
    mkdirSync(probe);
    rmdirSync(probe);
    return "";
  } catch {
    return "this container may not make a control group";
  }
}
