/** The completion script for zsh. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are variables of the shell
import {
  type CompletedCommand,
  type CompletedFlag,
  shellQuote,
  spellingsOf,
} from "./completion-tree.ts";

/** The completion script for zsh: to be sourced after compinit, or a file `_weir` of `$fpath`. */
export function zshCompletion(tree: readonly CompletedCommand[]): string {
  return [
    "#compdef weir",
    "# zsh completion of weir. To have it in every shell, in a directory of $fpath:",
    "#   weir completion zsh > ~/.zsh/completions/_weir",
    "# or in this one, after compinit: source <(weir completion zsh)",
    "",
    "_weir() {",
    "  local command=",
    "  integer at=2",
    "  while (( at < CURRENT )); do",
    '    case "$command $words[at]" in',
    ...tree.filter(({ path }) => path !== "").map(({ path }) => commandCase(path)),
    "      ' help') ;;",
    "      *) break ;;",
    "    esac",
    "    (( at += 1 ))",
    "  done",
    '  words=(weir "${(@)words[at,-1]}")',
    "  (( CURRENT -= at - 2 ))",
    '  case "$command" in',
    ...tree.flatMap(levelCase),
    "  esac",
    "}",
    "",
    'if [[ "$funcstack[1]" == _weir ]]; then',
    '  _weir "$@"',
    "else",
    "  compdef _weir weir",
    "fi",
  ].join("\n");
}

function commandCase(path: string): string {
  const before = path.includes(" ") ? path : ` ${path}`;
  return `      ${shellQuote(before)}) command=${shellQuote(path)} ;;`;
}

function levelCase({ path, members, flags }: CompletedCommand): string[] {
  const specs = flags.flatMap(flagSpecs);
  if (members.length > 0) {
    const names = members.map(({ name, help }) => `${name}\\:${shellQuote(escapeSpec(help))}`);
    if (path === "") names.push(`help\\:${shellQuote("Show the help of a command")}`);
    specs.push(`1:command:((${names.join(" ")}))`);
  }
  return [
    `    ${shellQuote(path)})`,
    "      _arguments -s -S \\",
    specs.map((spec) => `        ${shellQuote(spec)}`).join(" \\\n"),
    "      ;;",
  ];
}

/** One spec a spelling: each excludes all of them. */
function flagSpecs(flag: CompletedFlag): string[] {
  const spellings = spellingsOf(flag);
  return spellings.map((spelling) => {
    const joint = flag.value.kind !== "none" && spelling.startsWith("--") ? "=" : "";
    return `(${spellings.join(" ")})${spelling}${joint}[${escapeSpec(flag.help)}]${valueSpec(flag)}`;
  });
}

function valueSpec({ value }: CompletedFlag): string {
  if (value.kind === "none") return "";
  if (value.kind === "file") return ":file:_files";
  if (value.kind === "words") return `:value:(${value.words.join(" ")})`;
  return `:${escapeSpec(value.placeholder)}: `;
}

function escapeSpec(text: string): string {
  return text.replaceAll(/[[\]:\\]/g, (character) => `\\${character}`);
}
