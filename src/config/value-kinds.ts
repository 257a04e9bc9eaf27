/** The types of settings: how text becomes a value, and what is wrong when it does not. */
import { isAbsolute, join } from "node:path";
import { quoteText } from "../base/safe-text.ts";
import type { Endpoint } from "./endpoint.ts";
import { limits } from "./limits.ts";
import { parseEndpoint } from "./parse-endpoint.ts";
import { parseDuration, parseSize, showDuration, showSize } from "./quantity.ts";

/** What is wrong with a value: words that follow the name of its place. */
export interface Fault {
  readonly fault: string;
}

export interface ParseContext {
  /** Home directory for `~`; "" when there is none. */
  readonly home: string;
}

/** A type of setting: how text becomes a value, and what to say when it does not. */
export interface ValueKind<T> {
  /** Placeholder in the help; "" for a switch, which needs no value. */
  readonly placeholder: string;
  /** The values there are, for kinds that have few; shells complete them. */
  readonly words?: readonly string[];
  /** What YAML may make of a plain word, besides text. */
  readonly yamlTypes: readonly string[];
  /** What a YAML key without a value means; without this it is a fault. */
  readonly emptyIs?: T;
  parse(text: string, context: ParseContext): T | Fault;
}

function faultOf(text: string, wanted: string): Fault {
  return { fault: `${quoteText(text, limits.settingShownCharsMax)} is not ${wanted}` };
}

const booleanWords: Readonly<Record<string, boolean>> = {
  true: true,
  false: false,
  1: true,
  0: false,
};

export const switchKind: ValueKind<boolean> = {
  placeholder: "",
  yamlTypes: ["boolean"],
  parse: (text) => booleanWords[text.toLowerCase()] ?? faultOf(text, "true or false"),
};

export function wholeNumber(min: number, max: number): ValueKind<number> {
  const wanted = `a whole number from ${min.toLocaleString("en-US")} to ${max.toLocaleString("en-US")}`;
  return {
    placeholder: "N",
    yamlTypes: ["number"],
    parse(text) {
      const value = /^[+-]?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
      return value >= min && value <= max ? value : faultOf(text, wanted);
    },
  };
}

export function oneOf<const Word extends string>(words: readonly Word[]): ValueKind<Word> {
  return {
    placeholder: words.join("|"),
    words,
    yamlTypes: [],
    parse: (text) => words.find((word) => word === text) ?? faultOf(text, joinOr(words)),
  };
}

export function joinOr(words: readonly string[]): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} or ${last}`;
}

/** Bytes; `zero` says that 0, below `min`, is also taken. */
export function sizeKind(min: number, max: number, zero: boolean): ValueKind<number> {
  const range = `from ${showSize(min)} to ${showSize(max)}`;
  const wanted = `a size such as 512K, 100M or 2G, ${zero ? `${range}, or 0` : range}`;
  return {
    placeholder: "SIZE",
    yamlTypes: ["number"],
    parse: (text) => inRange(parseSize(text), min, max, zero) ?? faultOf(text, wanted),
  };
}

/** Milliseconds; `zero` says that 0, below `min`, is also taken. */
export function durationKind(min: number, max: number, zero: boolean): ValueKind<number> {
  const range = `from ${showDuration(min)} to ${showDuration(max)}`;
  const wanted = `a time such as 500ms, 30s or 1h30m, ${zero ? `${range}, or 0` : range}`;
  return {
    placeholder: "TIME",
    yamlTypes: ["number"],
    parse: (text) => inRange(parseDuration(text), min, max, zero) ?? faultOf(text, wanted),
  };
}

function inRange(value: number | undefined, min: number, max: number, zero: boolean) {
  if (value === undefined || value > max) return undefined;
  return value >= min || (zero && value === 0) ? value : undefined;
}

/** A path, "" for none; `~` and `~/…` are the home directory. */
export const pathKind: ValueKind<string> = {
  placeholder: "FILE",
  yamlTypes: [],
  emptyIs: "",
  parse(text, { home }) {
    if (text.includes("\0")) return faultOf(text, "a path");
    if (text !== "~" && !text.startsWith("~/")) return text;
    if (!isAbsolute(home)) return { fault: `${quoteText(text, 80)}: there is no home directory` };
    return join(home, text.slice(1));
  },
};

/** Whether a name may go on the wire: not empty, not too long, without control characters. */
export function isWireName(text: string): boolean {
  return /^\P{C}+$/u.test(text) && Buffer.byteLength(text) <= limits.hunterIdBytesMax;
}

const wireName =
  `a name of 1 to ${limits.hunterIdBytesMax.toLocaleString("en-US")} bytes ` +
  "without control characters";

/** A name that goes on the wire. */
export const nameKind: ValueKind<string> = {
  placeholder: "NAME",
  yamlTypes: [],
  parse: (text) => (isWireName(text) ? text : faultOf(text, wireName)),
};

/** Such names, with commas between them; none when it is empty. */
export const namesKind: ValueKind<readonly string[]> = {
  placeholder: "A,B",
  yamlTypes: [],
  parse(text) {
    const names = text.split(",").map((name) => name.trim());
    if (text.trim() === "") return [];
    const bad = names.find((name) => !isWireName(name));
    return bad === undefined ? names : faultOf(bad, wireName);
  },
};

/** Text as it stands, "" for none. */
export function textKind(placeholder: string): ValueKind<string> {
  return { placeholder, yamlTypes: [], emptyIs: "", parse: (text) => text };
}

export const listenKind: ValueKind<Endpoint> = {
  placeholder: "ADDRESS",
  yamlTypes: [],
  parse: (text) => parseEndpoint(text, "listen"),
};

export const dialKind: ValueKind<Endpoint> = {
  placeholder: "HOST:PORT",
  yamlTypes: [],
  parse: (text) => parseEndpoint(text, "dial"),
};
