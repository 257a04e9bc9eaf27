/** The completion script for bash. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are variables of the shell
import {
  type CompletedCommand,
  type CompletedFlag,
  shellQuote,
  spellingsOf,
} from "./completion-tree.ts";

/**
 * The completion script for bash. bash cuts a line at `=` too, so `--type=sip` comes
 * as three words; where a user's COMP_WORDBREAKS has no `=` it comes as one.
 */
export function bashCompletion(tree: readonly CompletedCommand[]): string {
  return [
    "# bash completion of weir. To have it in every shell:",
    "#   weir completion bash > ~/.local/share/bash-completion/completions/weir",
    "# or in this one: source <(weir completion bash)",
    "",
    "_weir() {",
    "  local IFS=$' \\t\\n' at command= start= words= kind=words",
    "  local word=${COMP_WORDS[COMP_CWORD]} flag=${COMP_WORDS[COMP_CWORD-1]}",
    "  COMPREPLY=()",
    "  for (( at = 1; at < COMP_CWORD; at += 1 )); do",
    '    case "$command ${COMP_WORDS[at]}" in',
    ...tree.filter(({ path }) => path !== "").map(({ path }) => commandCase(path)),
    "      ' help') ;;",
    "      *) break ;;",
    "    esac",
    "  done",
    "  if [[ $word == '=' ]]; then",
    "    word=",
    "  elif [[ $flag == '=' ]]; then",
    "    flag=${COMP_WORDS[COMP_CWORD-2]}",
    "  elif [[ $word == --*=* ]]; then",
    "    flag=${word%%=*} start=$flag= word=${word#*=}",
    "  fi",
    '  case "$command/$flag" in',
    ...tree.flatMap(valueCases),
    ...freeTextCase(tree),
    "    *)",
    '      case "$command" in',
    ...tree.map(wordsCase),
    "      esac",
    "      ;;",
    "  esac",
    '  local source=(-W "$words")',
    "  if [[ $kind == file ]]; then",
    "    source=(-f)",
    "    compopt -o filenames 2> /dev/null",
    "  fi",
    "  while IFS= read -r word; do",
    '    COMPREPLY+=("$word")',
    '  done < <(compgen -P "$start" "${source[@]}" -- "$word")',
    "}",
    "",
    "complete -F _weir weir",
  ].join("\n");
}

function commandCase(path: string): string {
  const before = path.includes(" ") ? path : ` ${path}`;
  return `      ${shellQuote(before)}) command=${shellQuote(path)} ;;`;
}

function valueCases(command: CompletedCommand): string[] {
  return command.flags.flatMap((flag) => {
    const { value } = flag;
    if (value.kind === "none" || value.kind === "any") return [];
    const action =
      value.kind === "file" ? "kind=file" : `words=${shellQuote(value.words.join(" "))}`;
    return [`    ${patterns(command, flag).join(" | ")}) ${action} ;;`];
  });
}

/** After these flags there is nothing to offer. */
function freeTextCase(tree: readonly CompletedCommand[]): string[] {
  const all = tree.flatMap((command) => {
    const flags = command.flags.filter(({ value }) => value.kind === "any");
    return flags.flatMap((flag) => patterns(command, flag));
  });
  return all.length === 0 ? [] : [`    ${all.join(" | \\\n      ")}) ;;`];
}

function patterns({ path }: CompletedCommand, flag: CompletedFlag): string[] {
  return spellingsOf(flag).map((spelling) => shellQuote(`${path}/${spelling}`));
}

function wordsCase({ path, members, flags }: CompletedCommand): string {
  const names = members.map(({ name }) => name);
  if (path === "") names.push("help");
  const words = flags.map(({ long }) => `--${long}`).join(" ");
  const start = `        ${shellQuote(path)}) words=${shellQuote(words)}`;
  if (names.length === 0) return `${start} ;;`;
  return `${start}; [[ $word == -* ]] || words=${shellQuote(names.join(" "))} ;;`;
}
