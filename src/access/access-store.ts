/**
 * The access rules of the node, kept up with their files. A change that cannot be used leaves in
 * force what was, and says so.
 */
import { type Stats, statSync } from "node:fs";
import { watchFile } from "../base/file-watch.ts";
import type { AccessConfig, AccessRules } from "../config/access-config.ts";
import { limits } from "../config/limits.ts";
import { readTextFile } from "../config/text-file.ts";
import type { Log } from "../telemetry/log.ts";
import { accessEvent } from "./events.ts";
import { type AccessText, readAccess } from "./read-access.ts";
import { sameRules } from "./same-rules.ts";

export interface AccessStoreOptions {
  readonly config: AccessConfig;
  readonly log: Log;
  /** New rules are in force. */
  readonly publish: (rules: AccessRules) => void;
}

export class AccessStore {
  private readonly options: AccessStoreOptions;
  private readonly paths: readonly string[];
  private readonly endWatches: (() => void)[] = [];
  private inForce: AccessRules;
  /** Which content was read last, or tried to. */
  private mark = "";
  private settling: ReturnType<typeof setTimeout> | undefined = undefined;
  private looks = 0;

  constructor(options: AccessStoreOptions) {
    this.options = options;
    const { rules, configFile, keysFile } = options.config;
    this.inForce = rules;
    this.paths = [configFile, keysFile].filter((path) => path !== "");
  }

  get rules(): AccessRules {
    return this.inForce;
  }

  /** Says what is in force, and follows the files from then on. */
  start(): void {
    if (this.paths.length === 0) return;
    const fixed = this.paths.find((path) => statOf(path)?.isFile() !== true);
    if (fixed !== undefined) {
      if (this.isOpen) return;
      const text = `${fixed} is no regular file: who may call the node stays as it is`;
      this.options.log.info(accessEvent.doubtful, text);
      return;
    }
    this.refresh();
    for (const path of this.paths) {
      this.endWatches.push(watchFile(path, limits.accessPollMs, () => this.look()));
    }
  }

  stop(): void {
    clearTimeout(this.settling);
    for (const end of this.endWatches) end();
  }

  /** Reads the files now. */
  refresh(): void {
    if (this.paths.length === 0) return;
    this.mark = this.markNow();
    const { config, log, publish } = this.options;
    const problems: string[] = [];
    const read = readAccess({
      config: textOf(config.configFile, problems),
      keys: textOf(config.keysFile, problems),
      asksForKeys: config.asksForKeys,
      verifiesClients: config.verifiesClients,
    });
    // Where nobody is asked anything, a file may come and go.
    if (problems.length > 0 && this.isOpen) return;
    problems.push(...read.problems);
    const { rules } = read;
    // A file that is emptied, or half written, must not let everybody in.
    if (problems.length === 0 && isOpen(rules) && !this.isOpen) {
      problems.push(
        `${config.configFile}: without identities everybody may call: restart for that`,
      );
    }
    const [first] = problems;
    if (first !== undefined) {
      const more = problems.length === 1 ? "" : ` (and ${problems.length - 1} more)`;
      const text = `${first}${more}; the keys and identities of before stay in force`;
      log.error(accessEvent.broken, text);
      return;
    }
    if (config.keysFile !== "") this.checkMode(config.keysFile);
    if (read.keysInConfig > 0) this.checkMode(config.configFile);
    const isNew = !sameRules(rules, this.inForce);
    this.inForce = rules;
    if (isNew) publish(rules);
    if (this.isOpen && !isNew) return;
    const { keys, identities } = rules;
    const known = `${keys.length} API keys, ${identities.length} identities of certificates`;
    log.info(accessEvent.loaded, `who may call: ${known}`, {
      keys: keys.length,
      identities: identities.length,
      changed: isNew,
    });
  }

  private get isOpen(): boolean {
    return isOpen(this.inForce);
  }

  /** The file may have changed. It is read when it stands still. */
  private look(): void {
    if (this.settling !== undefined) return;
    const mark = this.markNow();
    if (mark === this.mark) {
      this.looks = 0;
      return;
    }
    this.looks++;
    this.settling = setTimeout(() => {
      this.settling = undefined;
      const stands = this.markNow() === mark || this.looks >= limits.accessSettleLooksMax;
      if (stands) this.refresh();
      this.look();
    }, limits.accessSettleMs);
  }

  private markNow(): string {
    return this.paths.map(markOf).join(" ");
  }

  private checkMode(path: string): void {
    const mode = (statOf(path)?.mode ?? 0) & 0o777;
    if ((mode & 0o007) === 0) return;
    const shown = mode.toString(8).padStart(4, "0");
    const text = `${path} holds API keys and is open to every user (mode ${shown}): chmod o= it`;
    this.options.log.warn(accessEvent.doubtful, text);
  }
}

/** Nobody is asked who they are. */
function isOpen({ asksForKeys, identities }: AccessRules): boolean {
  return !asksForKeys && identities.length === 0;
}

function textOf(path: string, problems: string[]): AccessText | undefined {
  if (path === "") return undefined;
  // What is no file must not hold the thread that opens it.
  if (statOf(path)?.isFile() !== true) {
    problems.push(`${path} is gone, or no regular file`);
    return undefined;
  }
  const file = readTextFile(path, limits.configFileBytesMax, "file of keys and identities");
  if ("bytes" in file) return { path, text: file.bytes.toString("utf8") };
  problems.push(`${path}: ${file.fault}`);
  return undefined;
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

function markOf(path: string): string {
  try {
    const { dev, ino, size, mtimeNs, mode } = statSync(path, { bigint: true });
    return [dev, ino, size, mtimeNs, mode].join(":");
  } catch {
    return "none";
  }
}
