/** What stands on a command line: citty parses it, and what it lets pass is found here. */
import { type ArgsDef, type ParsedArgs, parseArgs } from "citty";
import { quoteText } from "../base/safe-text.ts";
import { limits } from "../config/limits.ts";
import { hintOf, nearestName } from "../config/nearest-name.ts";
import type { Given, SettingTable, UnsupportedName } from "../config/setting.ts";
import { argsOf, isSwitch, spellingsOf, type Token, tokensOf } from "./args.ts";

export interface Argv {
  /** By field name of the table. */
  readonly flags: ReadonlyMap<string, Given>;
  readonly help: boolean;
  readonly version: boolean;
  readonly problems: readonly string[];
}

interface Flag {
  readonly field: string;
  readonly isSwitch: boolean;
}

/** The way out where no flag is like the unknown one. */
const listed = "; --help lists the flags";

type OptionToken = Extract<Token, { kind: "option" }>;

/**
 * Read the arguments of a command, strictly, by its table: `--flag value`, `--flag=value`, `-f value`,
 * `-f=value`, `-fvalue`, switches as `--flag`, `--no-flag`, `--flag=false`, and `-sd` for `-s -d`.
 * An unknown flag, a missing value, a flag given twice and any other word is a problem.
 */
export function readArgv(
  words: readonly string[],
  table: SettingTable,
  unsupported: readonly UnsupportedName[] = [],
): Argv {
  const reader = new ArgvReader(words, table, unsupported);
  for (let at = 0; at < words.length; ) at = reader.readFrom(at);
  return reader;
}

class ArgvReader implements Argv {
  readonly flags = new Map<string, Given>();
  help = false;
  version = false;
  readonly problems: string[] = [];
  private readonly words: readonly string[];
  private readonly declared: ArgsDef;
  /** By long name, and by short one. */
  private readonly long = new Map<string, Flag>();
  private readonly short = new Map<string, Flag>();
  private readonly shown: string[] = ["--help", "--version"];
  private readonly unsupported: readonly UnsupportedName[];

  constructor(
    words: readonly string[],
    table: SettingTable,
    unsupported: readonly UnsupportedName[],
  ) {
    this.words = words;
    this.declared = argsOf(table);
    this.unsupported = unsupported;
    for (const [field, row] of Object.entries(table)) {
      if (row.flag === "") continue;
      const flag = { field, isSwitch: isSwitch(row) };
      this.shown.push(`--${row.flag}`);
      if (flag.isSwitch) this.shown.push(`--no-${row.flag}`);
      for (const { flag: long, short } of spellingsOf(row)) {
        this.long.set(long, flag);
        if (short !== undefined) this.short.set(short, flag);
      }
    }
  }

  /**
   * Read the words from `start` on, and answer with the index of the word to go on with. That is in
   * the middle behind a word of a form that the parsers do not know, and behind one that is wrong.
   */
  readFrom(start: number): number {
    const rest = this.words.slice(start);
    const odd = rest.findIndex((word) => /^-[^-=\d][^=]*=/.test(word));
    const words = odd === -1 ? rest : rest.slice(0, odd);
    const tokens = tokensOf(words, this.declared);
    const known = wordsBeforeUnknown(words, tokens, this.declared);
    const args = parseArgs(known, this.declaredIn(tokens));
    for (const token of tokens) {
      const goOn = this.take(token, start, args);
      if (goOn !== undefined) return goOn;
    }
    if (odd === -1) return this.words.length;
    this.joined(rest[odd] ?? "");
    return start + odd + 1;
  }

  /** The flags that are named alone: citty takes its time for each that is declared. */
  private declaredIn(tokens: readonly Token[]): ArgsDef {
    const args: ArgsDef = {};
    for (const token of tokens) {
      if (token.kind !== "option") continue;
      for (const name of [token.name, token.name.replace(/^no-/, "")]) {
        const declared = Object.hasOwn(this.declared, name) ? this.declared[name] : undefined;
        if (declared !== undefined) args[name] = declared;
      }
    }
    return args;
  }

  /** One of the words from `start` on; the index to go on with where that is not the next one. */
  private take(token: Token, start: number, args: ParsedArgs): number | undefined {
    const at = start + token.index;
    if (token.kind === "option") return this.option(token, at, args);
    const word = this.words[at] ?? "";
    const before = this.words[at - 1];
    const isForSwitch = /^(true|false)$/i.test(word) && before?.startsWith("-") === true;
    const hint = isForSwitch ? `; did you mean ${before}=${word}?` : "";
    this.problems.push(`unexpected argument ${show(word)}${hint}`);
    return token.kind === "positional" ? undefined : at + 1;
  }

  private option(token: OptionToken, at: number, args: ParsedArgs): number | undefined {
    const { name, rawName, value } = token;
    // The second dash of `-s-` is a short name, too.
    const isLong = this.words[at]?.startsWith("--") === true;
    if (name === "help" || name === "version") {
      this[name] = true;
      return undefined;
    }
    const flag = isLong ? this.long.get(name) : this.short.get(rawName.slice(1));
    if (flag?.isSwitch === false) return this.value(flag, token, at, args);
    if (flag !== undefined) {
      // citty takes every text but "false" for true.
      this.give(flag, rawName, value ?? String(args[name]));
      return undefined;
    }
    const negated = rawName.startsWith("--no-") ? this.long.get(name.slice(3)) : undefined;
    if (negated?.isSwitch === true) {
      if (value !== undefined) this.problems.push(`${rawName} takes no value`);
      else this.give(negated, rawName, String(args[name.slice(3)]));
      return undefined;
    }
    return isLong ? this.unknownLong(token, at) : this.unknownShort(rawName, at);
  }

  private value(
    flag: Flag,
    { name, rawName, value, inlineValue }: OptionToken,
    at: number,
    args: ParsedArgs,
  ): number | undefined {
    const next = this.words[at + 1];
    if (inlineValue || (value !== undefined && isValue(value))) {
      this.give(flag, rawName, String(args[name]));
      return undefined;
    }
    const instead = next === undefined ? "" : `; to give ${show(next)} write ${rawName}=${next}`;
    this.problems.push(`${rawName} needs a value${instead}`);
    return at + 1;
  }

  /** `-f=value`, and `-sf=value` for `-s -f=value`. */
  private joined(word: string): void {
    const equals = word.indexOf("=");
    for (let at = 1; at < equals; at += 1) {
      const name = `-${word[at]}`;
      const flag = this.short.get(word[at] ?? "");
      if (name === "-h") {
        this.help = true;
      } else if (flag === undefined) {
        this.unknownIn(word, name);
        return;
      } else if (at === equals - 1) {
        this.give(flag, name, word.slice(equals + 1));
      } else if (flag.isSwitch) {
        this.give(flag, name, "true");
      } else {
        this.give(flag, name, word.slice(at + 1));
        return;
      }
    }
  }

  private unknownLong({ name, rawName, value }: OptionToken, at: number): number {
    const reason = this.unsupported.find(({ flags }) => flags.includes(name))?.reason;
    if (reason === undefined) {
      this.problems.push(
        `unknown flag ${rawName}${hintOf(nearestName(rawName, this.shown)) || listed}`,
      );
      return at + 1;
    }
    this.problems.push(`${rawName}: ${reason}`);
    const next = this.words[at + 1];
    return value === undefined && next !== undefined && isValue(next) ? at + 2 : at + 1;
  }

  private unknownShort(name: string, at: number): number {
    this.unknownIn(this.words[at] ?? "", name);
    return at + 1;
  }

  private unknownIn(word: string, name: string): void {
    const reason = this.unsupported.find(({ short }) => name === `-${short}`)?.reason;
    if (reason !== undefined) {
      this.problems.push(`${name}: ${reason}`);
      return;
    }
    const long = word.slice(1).split("=")[0] ?? "";
    // `-listen` was probably meant to be `--listen`.
    const hint = this.long.has(long) ? `; did you mean --${long}?` : listed;
    const place = word.length > 2 ? `${name} in ${show(word)}` : name;
    this.problems.push(`unknown flag ${place}${hint}`);
  }

  private give(flag: Flag, name: string, value: string): void {
    const earlier = this.flags.get(flag.field)?.origin;
    if (earlier?.source === "flag") {
      const same = earlier.name === name;
      this.problems.push(
        same ? `${name} is given twice` : `${name} and ${earlier.name} are the same flag`,
      );
      return;
    }
    this.flags.set(flag.field, { origin: { source: "flag", name }, value });
  }
}

/**
 * What stands before the first flag that is not declared. citty reads letters of that as other flags
 * (`-qlx` as `-l x`), and fails at one named `_`, its name for the words that are no flags.
 */
function wordsBeforeUnknown(
  words: readonly string[],
  tokens: readonly Token[],
  declared: ArgsDef,
): string[] {
  const isKnown = (name: string): boolean =>
    Object.hasOwn(declared, name) ||
    (name.startsWith("no-") && declared[name.slice(3)]?.type === "boolean");
  const unknown = tokens.find((token) => token.kind === "option" && !isKnown(token.name));
  if (unknown?.kind !== "option") return [...words];
  const word = words[unknown.index] ?? "";
  const before = words.slice(0, unknown.index);
  return word.startsWith("--") ? before : [...before, word.slice(0, word.indexOf(unknown.name, 1))];
}

/** A word that may follow a flag as its value: not a flag, but `-` and negative numbers are. */
function isValue(word: string): boolean {
  return !/^-(?:-|[^\d-])/.test(word);
}

function show(word: string): string {
  return quoteText(word, limits.settingShownCharsMax);
}
