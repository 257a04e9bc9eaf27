import { quoteText } from "../base/safe-text.ts";
import { limits } from "../config/limits.ts";
import { hintOf, nearestName } from "../config/nearest-name.ts";
import type { Given, SettingTable, UnsupportedName } from "../config/setting.ts";

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

/**
 * Read the arguments of a command, strictly, by its table: `--flag value`, `--flag=value`, `-f value`,
 * `-f=value`, `-fvalue`, switches as `--flag`, `--no-flag`, `--flag=false`, and `-sd` for `-s -d`.
 * An unknown flag, a missing value, a flag given twice and any other word is a problem.
 */
export function parseArgv(
  words: readonly string[],
  table: SettingTable,
  refused: readonly UnsupportedName[] = [],
): Argv {
  const reader = new ArgvReader(table, refused);
  for (let at = 0; at < words.length; ) at += reader.read(words, at);
  return reader;
}

class ArgvReader implements Argv {
  readonly flags = new Map<string, Given>();
  help = false;
  version = false;
  readonly problems: string[] = [];
  private readonly long = new Map<string, Flag>();
  private readonly short = new Map<string, Flag>();
  private readonly shown: string[] = ["--help", "--version"];
  private readonly refused: readonly UnsupportedName[];

  constructor(table: SettingTable, refused: readonly UnsupportedName[]) {
    this.refused = refused;
    for (const [field, row] of Object.entries(table)) {
      if (row.flag === "") continue;
      const flag = { field, isSwitch: row.kind.placeholder === "" };
      this.shown.push(`--${row.flag}`);
      if (flag.isSwitch) this.shown.push(`--no-${row.flag}`);
      for (const spelling of [row, ...(row.otherFlags ?? [])]) {
        this.long.set(spelling.flag, flag);
        if (spelling.short !== undefined) this.short.set(spelling.short, flag);
      }
    }
  }

  /** Read the flag or word at `at`; the number of words that it took. */
  read(words: readonly string[], at: number): number {
    const word = words[at] ?? "";
    if (word.startsWith("--") && word.length > 2) return this.readLong(word, words[at + 1]);
    if (/^-[^-]/.test(word)) return this.readShort(word, words[at + 1]);
    const before = words[at - 1];
    const isForSwitch = /^(true|false)$/i.test(word) && before?.startsWith("-") === true;
    const hint = isForSwitch ? `; did you mean ${before}=${word}?` : "";
    this.problem(`unexpected argument ${show(word)}${hint}`);
    return 1;
  }

  private readLong(word: string, next: string | undefined): number {
    const equals = word.indexOf("=");
    const name = word.slice(2, equals === -1 ? undefined : equals);
    const value = equals === -1 ? undefined : word.slice(equals + 1);
    if (name === "help" || name === "version") {
      this[name] = true;
      return 1;
    }
    const flag = this.long.get(name);
    if (flag !== undefined) return this.take(flag, `--${name}`, value, next);
    const negated = name.startsWith("no-") ? this.long.get(name.slice(3)) : undefined;
    if (negated?.isSwitch === true) {
      if (value !== undefined) this.problem(`--${name} takes no value`);
      else this.give(negated, `--${name}`, "false");
      return 1;
    }
    const reason = this.refused.find(({ flags }) => flags.includes(name))?.reason;
    if (reason !== undefined) this.problem(`--${name}: ${reason}`);
    else this.unknown(`--${name}`, hintOf(nearestName(`--${name}`, this.shown)));
    return reason !== undefined && value === undefined && isValue(next) ? 2 : 1;
  }

  private readShort(word: string, next: string | undefined): number {
    for (let at = 1; at < word.length; at += 1) {
      const letter = word[at] ?? "";
      const name = `-${letter}`;
      const rest = word.slice(at + 1);
      if (letter === "h") {
        this.help = true;
        continue;
      }
      const flag = this.short.get(letter);
      if (flag === undefined) {
        const reason = this.refused.find(({ short }) => short === letter)?.reason;
        if (reason !== undefined) this.problem(`${name}: ${reason}`);
        else this.unknown(word.length > 2 ? `${name} in ${show(word)}` : name, this.dashHint(word));
        return 1;
      }
      if (rest.startsWith("=")) return this.take(flag, name, rest.slice(1), undefined);
      if (!flag.isSwitch) return this.take(flag, name, rest === "" ? undefined : rest, next);
      this.give(flag, name, "true");
    }
    return 1;
  }

  /** `-listen` was probably meant to be `--listen`. */
  private dashHint(word: string): string {
    const name = word.slice(1).split("=")[0] ?? "";
    return this.long.has(name) ? `; did you mean --${name}?` : "";
  }

  private take(
    flag: Flag,
    name: string,
    value: string | undefined,
    next: string | undefined,
  ): number {
    if (value !== undefined) {
      this.give(flag, name, value);
      return 1;
    }
    if (flag.isSwitch) {
      this.give(flag, name, "true");
      return 1;
    }
    if (next === undefined || !isValue(next)) {
      const instead = next === undefined ? "" : `; to give ${show(next)} write ${name}=${next}`;
      this.problem(`${name} needs a value${instead}`);
      return 1;
    }
    this.give(flag, name, next);
    return 2;
  }

  private give(flag: Flag, name: string, value: string): void {
    const earlier = this.flags.get(flag.field)?.origin;
    if (earlier?.source === "flag") {
      const same = earlier.name === name;
      this.problem(
        same ? `${name} is given twice` : `${name} and ${earlier.name} are the same flag`,
      );
      return;
    }
    this.flags.set(flag.field, { origin: { source: "flag", name }, value });
  }

  private unknown(shown: string, hint: string): void {
    this.problem(`unknown flag ${shown}${hint}`);
  }

  private problem(text: string): void {
    this.problems.push(text);
  }
}

/** A word that may follow a flag as its value: not a flag, but `-` and negative numbers are. */
function isValue(word: string | undefined): word is string {
  return word !== undefined && !/^-(?:-|[^\d-])/.test(word);
}

function show(word: string): string {
  return quoteText(word, limits.settingShownCharsMax);
}
