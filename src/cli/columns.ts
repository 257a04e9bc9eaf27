/** Text in the columns of a terminal. */

export const columnsMax = 80;

/** The lines of a text that are `width` long at most, where its words allow it. */
export function wrap(text: string, width: number): string[] {
  return wrapWords(text.split(" "), width);
}

/** `title`, and beside it from column `at` on the text; below it where the title is too long. */
export function hang(title: string, text: string, at: number): string[] {
  const lines = wrap(text, columnsMax - at).map((line) => " ".repeat(at) + line);
  if (title.length >= at) return [title, ...lines];
  const [first = "", ...others] = lines;
  return [title.padEnd(at) + first.slice(at), ...others];
}

/** What stays in one line: a flag with its value, a word, and what is quoted. */
const shellWords =
  /--?[\w-]+ (?:-(?=\s|$)|[^-|\s'"][^\s'"]*|'[^']*')|(?:[^\s'"]|'[^']*'|"[^"]*")+/g;

/** A command for a shell, which goes on in the next line behind a backslash. */
export function wrapCommand(command: string): string[] {
  const words = command.match(shellWords) ?? [];
  const lines = wrapWords(words, columnsMax - 8);
  const indents = lines.map((line, index) => (index === 0 ? `  ${line}` : `      ${line}`));
  return indents.map((line, index) => (index < lines.length - 1 ? `${line} \\` : line));
}

function wrapWords(words: readonly string[], width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of words) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
