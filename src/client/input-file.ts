/** Reads a file, or standard input, that a command was given. */
import { limits } from "../config/limits.ts";
import { readTextFile } from "../config/text-file.ts";
import { BadInput } from "./bad-input.ts";

export interface InputFile {
  /** As problems name it. */
  readonly name: string;
  readonly text: string;
}

/** The text of a file that a command was given; `-` is standard input. Throws `BadInput`. */
export function readInput(path: string, what: string): InputFile {
  const name = path === "-" ? "standard input" : path;
  const file = readTextFile(path === "-" ? "/dev/stdin" : path, limits.clientFileBytesMax, what);
  if (!("bytes" in file)) throw new BadInput([`${name}: ${file.fault}`]);
  try {
    return { name, text: new TextDecoder("utf-8", { fatal: true }).decode(file.bytes) };
  } catch {
    throw new BadInput([`${name}: it is not UTF-8 text`]);
  }
}
