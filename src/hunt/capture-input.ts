/** Opens a capture file or standard input. */
import { close, fstat, open, read } from "node:fs";
import { promisify } from "node:util";
import { errorText, systemCode } from "../base/errors.ts";
import { InputError } from "./input-error.ts";

/** Bytes of a file or of standard input. */
export interface CaptureInput {
  /** For messages: the path as given, or `standard input`. */
  readonly name: string;
  /** Undefined for a pipe, a terminal or a device. */
  readonly sizeBytes: number | undefined;
  /** Reads into `target`; the number of bytes, 0 at the end. Throws `InputError`. */
  read(target: Buffer): Promise<number>;
  close(): Promise<void>;
}

const openFile = promisify(open);
const statFile = promisify(fstat);
const closeFile = promisify(close);
const standardInput = 0;
const retryMs = 10;

/** Opens `path`; `-` is standard input. Throws `InputError` with the reason in words. */
export async function openInput(path: string): Promise<CaptureInput> {
  const isStandardInput = path === "-";
  const name = isStandardInput ? "standard input" : path;
  try {
    const fd = isStandardInput ? standardInput : await openFile(path, "r");
    const stat = await statFile(fd);
    if (stat.isDirectory()) throw new InputError(`cannot read ${name}: it is a directory`);
    return {
      name,
      sizeBytes: stat.isFile() ? stat.size : undefined,
      read: (target) => readSome(fd, target, name),
      close: async () => {
        if (!isStandardInput) await closeFile(fd);
      },
    };
  } catch (error) {
    throw error instanceof InputError ? error : inputError(name, error);
  }
}

function readSome(fd: number, target: Buffer, name: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const attempt = (): void =>
    read(fd, target, 0, target.length, null, (error, count) => {
      if (error === null) resolve(count);
      // A pipe that its owner made non-blocking, and empty.
      else if (systemCode(error) === "EAGAIN") setTimeout(attempt, retryMs);
      else reject(inputError(name, error));
    });
  attempt();
  return promise;
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "no such file",
  EACCES: "permission denied",
  EISDIR: "it is a directory",
  EBADF: "it is closed",
};

function inputError(name: string, cause: unknown): InputError {
  return new InputError(
    `cannot read ${name}: ${reasons[systemCode(cause)] ?? errorText(cause)}`,
    cause,
  );
}
