/**
 * Cuts the text of a filter file at its entries without parsing it, where `filters:` is a block list
 * with one `- ` at the beginning of each entry's line. So a file of 100,000 filters can be read in
 * pieces, and an edit touches the text of one entry only.
 */

export interface SplitList {
  /** Up to the first entry's line. */
  readonly head: string;
  /** Each from its line to the next entry's, comments and blank lines in between included. */
  readonly items: readonly string[];
  /** From the first line that is not the list's. */
  readonly tail: string;
  /** Columns before the dash. */
  readonly indent: number;
}

const [tab, lineFeed, carriageReturn, space, hash, dash] = [9, 10, 13, 32, 35, 45];

const keyLine = /^\ufeff?(?:filters|"filters"|'filters')[ \t]*:[ \t]*(?:#.*)?\r?$/m;

/** The parts of `text`, or undefined when it has no such list. */
export function splitList(text: string): SplitList | undefined {
  const key = keyLine.exec(text);
  if (key === null) return undefined;
  const starts: number[] = [];
  let indent = -1;
  let at = nextLine(text, key.index + key[0].length);
  while (at < text.length) {
    const content = contentOf(text, at);
    const column = content - at;
    if (!isBlank(text, content)) {
      const entry = isEntry(text, content);
      if (indent < 0) {
        if (!entry) return undefined;
        indent = column;
      }
      if (column < indent || (column === indent && !entry)) break;
      if (column === indent) starts.push(at);
    }
    at = nextLine(text, at);
  }
  if (starts.length === 0) return undefined;
  const items = starts.map((start, index) => text.slice(start, starts[index + 1] ?? at));
  return { head: text.slice(0, starts[0]), items, tail: text.slice(at), indent };
}

/**
 * Length of an entry's own text: without the comments and blank lines that follow it. A comment that
 * stands deeper than the dash is the entry's own: it may be text of a block scalar, and would become
 * text of the one before it if it were left behind alone.
 */
export function ownLength(item: string, indent: number): number {
  let end = 0;
  for (let at = 0; at < item.length; at = nextLine(item, at)) {
    const content = contentOf(item, at);
    const isDeepComment = item.charCodeAt(content) === hash && content - at > indent;
    if (isDeepComment || !isBlank(item, content)) end = nextLine(item, at);
  }
  return end;
}

/** The beginning of the line after the one that `at` is in, or the end of the text. */
function nextLine(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end < 0 ? text.length : end + 1;
}

function contentOf(text: string, lineStart: number): number {
  let at = lineStart;
  while (text.charCodeAt(at) === space) at++;
  return at;
}

/** Whether a line whose content begins at `content` is empty or a comment. */
function isBlank(text: string, content: number): boolean {
  let at = content;
  while (text.charCodeAt(at) === space || text.charCodeAt(at) === tab) at++;
  if (at >= text.length) return true;
  const first = text.charCodeAt(at);
  return first === hash || first === lineFeed || first === carriageReturn;
}

function isEntry(text: string, content: number): boolean {
  if (text.charCodeAt(content) !== dash) return false;
  if (content + 1 >= text.length) return true;
  const next = text.charCodeAt(content + 1);
  return next === space || next === lineFeed || next === carriageReturn || next === tab;
}
