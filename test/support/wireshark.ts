/** What Wireshark's programs say of a capture, where they are installed. */
import type { ReadPacket } from "./read-capture.ts";

export const hasTshark = Bun.which("tshark") !== null && Bun.which("capinfos") !== null;

/**
 * Packets that capinfos counts; it reads the whole file and fails on a damaged one.
 * @param expected what it may complain of, line by line
 */
export function countByCapinfos(path: string, expected?: RegExp): number {
  const text = run(["capinfos", "-M", "-T", "-r", "-c", path], expected);
  return Number(text.trim().split("\t").at(-1));
}

/** The same of many files: one start of the program, which takes longer than to read one of them. */
export function countsByCapinfos(paths: readonly string[]): number[] {
  const lines = run(["capinfos", "-M", "-T", "-r", "-c", ...paths])
    .trim()
    .split("\n");
  return lines.map((line) => Number(line.split("\t").at(-1)));
}

/** The fields of each packet, as tshark prints them. `link-type` is not among them: see its manual. */
export function tsharkFields(
  path: string,
  fields: readonly string[],
  options: readonly string[] = [],
): string[][] {
  const flags = fields.flatMap((field) => ["-e", field]);
  const text = run(["tshark", "-n", ...options, "-r", path, "-T", "fields", ...flags]);
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => line.split("\t"));
}

/**
 * Throws unless tshark shows each packet under its own hunter and interface. A reader that follows
 * the format is not enough: Wireshark 4.0 looks ids up in the first section of the file.
 */
export function expectOwnersInTshark(path: string, packets: readonly ReadPacket[]): void {
  const rows = tsharkFields(path, ["frame.interface_description", "frame.interface_name"]);
  if (rows.length !== packets.length) {
    throw new Error(`tshark shows ${rows.length} of ${packets.length} packets in ${path}`);
  }
  for (const [index, packet] of packets.entries()) {
    const [hunter, name] = rows[index] ?? [];
    if (hunter === packet.hunter && name === packet.interface) continue;
    const wanted = `${packet.interface} of ${packet.hunter}`;
    throw new Error(`tshark shows packet ${index + 1} as ${name} of ${hunter}, it is ${wanted}`);
  }
}

/** Wireshark's name of the link type of all packets in a file, "Per packet" when they differ. */
export function encapsulation(path: string): string {
  const text = run(["capinfos", "-M", "-T", "-r", "-E", path]);
  return text.trim().split("\t").at(-1) ?? "";
}

const rootNotice = 'Running as user "root" and group "root". This could be dangerous.\n';

/** Output of a program; throws when it fails, and when it says anything on stderr. */
function run(command: readonly string[], expected?: RegExp): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync([...command]);
  const lines = stderr.toString().replace(rootNotice, "").split("\n");
  const complaints = lines.filter((line) => expected?.test(line) !== true).join("\n");
  if (exitCode !== 0 || complaints !== "") throw new Error(`${command.join(" ")}: ${complaints}`);
  return stdout.toString();
}
