/** The words of a command line on their way through citty, which finds the command that they name. */

const terminator = "--";

/**
 * With `--` before the first flag. citty parses the words at each level without knowing the flags of the
 * command: it fails at a switch `_`, for which it takes `-w/tmp/a_b.pcap`. Behind `--` it parses nothing.
 */
export function shielded(words: readonly string[]): string[] {
  const flag = words.findIndex((word) => word.startsWith("-"));
  const at = flag === -1 ? words.length : flag;
  return [...words.slice(0, at), terminator, ...words.slice(at)];
}

/** The words as they were given, or those of them that are left: the first `--` is ours. */
export function unshielded(words: readonly string[]): string[] {
  const at = words.indexOf(terminator);
  return words.filter((_, index) => index !== at);
}
