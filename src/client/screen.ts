/** Where an answer is shown to a person. */
export interface Screen {
  /** Characters of a line; infinite when what is shown goes elsewhere than to a terminal. */
  readonly columns: number;
  readonly colours: boolean;
}

const columnsAssumed = 80;

/** The screen that stdout is; colours as NO_COLOR (https://no-color.org) and TERM allow them. */
export function stdoutScreen(): Screen {
  const { columns, isTTY } = process.stdout;
  if (isTTY !== true) return { columns: Number.POSITIVE_INFINITY, colours: false };
  const { NO_COLOR: noColour, TERM: term } = process.env;
  return {
    columns: columns > 0 ? columns : columnsAssumed,
    colours: (noColour === undefined || noColour === "") && term !== "dumb",
  };
}

const sequences = { good: "\u001b[32m", doubtful: "\u001b[33m", bad: "\u001b[31m" } as const;
const plain = "\u001b[0m";

/** What a colour means. */
export type Tone = keyof typeof sequences;

export function paint(text: string, tone: Tone | undefined, screen: Screen): string {
  return tone === undefined || !screen.colours ? text : `${sequences[tone]}${text}${plain}`;
}
