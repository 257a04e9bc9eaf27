/** What Wireshark's programs say of a capture, where they are installed. */

export const hasTshark = Bun.which("tshark") !== null && Bun.which("capinfos") !== null;

/** Packets that capinfos counts; it reads the whole file and fails on a damaged one. */
export function countByCapinfos(path: string): number {
  const text = run(["capinfos", "-M", "-T", "-r", "-c", path]);
  return Number(text.trim().split("\t").at(-1));
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

function run(command: readonly string[]): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync([...command]);
  if (exitCode !== 0) throw new Error(`${command.join(" ")}: ${stderr.toString()}`);
  return stdout.toString();
}
