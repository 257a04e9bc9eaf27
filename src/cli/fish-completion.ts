/** The completion script for fish. */
import type { CompletedCommand, CompletedFlag } from "./completion-tree.ts";

/** The completion script for fish. */
export function fishCompletion(tree: readonly CompletedCommand[]): string {
  return [
    "# fish completion of weir. To have it in every shell:",
    "#   weir completion fish > ~/.config/fish/completions/weir.fish",
    "# or in this one: weir completion fish | source",
    "",
    "function __weir_command_is",
    "  set -l command ''",
    "  set -l words (commandline -opc)",
    "  for word in $words[2..-1]",
    '    switch "$command $word"',
    ...tree.filter(({ path }) => path !== "").map(({ path }) => commandCase(path)),
    "      case ' help'",
    "      case '*'",
    "        break",
    "    end",
    "  end",
    '  test "$command" = "$argv[1]"',
    "end",
    "",
    "complete -c weir -f",
    ...tree.flatMap(levelLines),
  ].join("\n");
}

function commandCase(path: string): string {
  const before = path.includes(" ") ? path : ` ${path}`;
  return `      case ${fishQuote(before)}\n        set command ${fishQuote(path)}`;
}

function levelLines({ path, members, flags }: CompletedCommand): string[] {
  const start = `complete -c weir -n ${fishQuote(`__weir_command_is ${fishQuote(path)}`)}`;
  const names = [...members];
  if (path === "") names.push({ name: "help", help: "Show the help of a command" });
  return [
    ...names.map(({ name, help }) => `${start} -a ${name} -d ${fishQuote(help)}`),
    ...flags.map((flag) => `${start} ${flagOptions(flag)} -d ${fishQuote(flag.help)}`),
  ];
}

function flagOptions({ long, short, value }: CompletedFlag): string {
  const names = short === undefined ? `-l ${long}` : `-s ${short} -l ${long}`;
  if (value.kind === "none") return names;
  if (value.kind === "file") return `${names} -r -F`;
  return value.kind === "words"
    ? `${names} -x -a ${fishQuote(value.words.join(" "))}`
    : `${names} -x`;
}

/** fish, unlike other shells, knows `\'` and `\\` inside of single quotes. */
function fishQuote(text: string): string {
  return `'${text.replaceAll(/['\\]/g, (character) => `\\${character}`)}'`;
}
