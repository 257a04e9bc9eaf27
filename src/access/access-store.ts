/**
 * The access rules of the node, kept up with their files. A change that cannot be used leaves in
 * force what was, and says so.
 */

import { stat } from "node:fs/promises";
import type { FileBytes } from "../base/bounded-file.ts";
import type { Clock } from "../base/clock.ts";
import { counted } from "../base/counted.ts";
import { type FileContents, FollowedFiles } from "../base/followed-files.ts";
import type { AccessConfig, AccessRules } from "../config/access-config.ts";
import { followTimes } from "../config/follow-times.ts";
import { limits } from "../config/limits.ts";
import type { Events } from "../telemetry/events.ts";
import { accessEvent } from "./events.ts";
import { type AccessText, readAccess } from "./read-access.ts";
import { sameRules } from "./same-rules.ts";

export interface AccessStoreOptions {
  readonly config: AccessConfig;
  readonly events: Events;
  readonly clock: Clock;
  /** New rules are in force. */
  readonly publish: (rules: AccessRules) => void;
}

export class AccessStore {
  private readonly options: AccessStoreOptions;
  private readonly paths: readonly string[];
  private readonly files: FollowedFiles;
  private inForce: AccessRules;

  constructor(options: AccessStoreOptions) {
    this.options = options;
    const { clock } = options;
    const { rules, configFile, keysFile } = options.config;
    this.inForce = rules;
    this.paths = [configFile, keysFile].filter((path) => path !== "");
    this.files = new FollowedFiles({
      paths: this.paths,
      bytesMax: limits.configFileBytesMax,
      times: followTimes,
      clock,
      take: (contents) => this.take(contents),
    });
  }

  get rules(): AccessRules {
    return this.inForce;
  }

  /** Says what is in force, and follows the files from then on. */
  async start(): Promise<void> {
    for (const path of this.paths) {
      const found = await stat(path).catch(() => undefined);
      if (found?.isFile() === true) continue;
      if (this.isOpen) return;
      const text = `${path} is not a regular file: the node does not follow changes to API keys and identities`;
      this.options.events.tell(accessEvent.notFollowed, text);
      return;
    }
    await this.refresh();
    this.files.follow();
  }

  stop(): void {
    this.files.close();
  }

  /** Reads the files now. */
  refresh(): Promise<void> {
    return this.files.refresh();
  }

  private get isOpen(): boolean {
    return isOpen(this.inForce);
  }

  private take(contents: FileContents): void {
    const { config, events, publish } = this.options;
    const problems: string[] = [];
    const textOf = (path: string): AccessText | undefined => {
      const file = contents.get(path);
      if (file === undefined) return undefined;
      if ("bytes" in file) return { path, text: file.bytes.toString("utf8") };
      problems.push(`${path}: ${file.fault}`);
      return undefined;
    };
    const read = readAccess({
      config: textOf(config.configFile),
      keys: textOf(config.keysFile),
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
        `${config.configFile}: without keys and identities, any client could make any RPC; restart the node if you want that`,
      );
    }
    const [first] = problems;
    if (first !== undefined) {
      const more = problems.length === 1 ? "" : ` (and ${problems.length - 1} more)`;
      const text = `${first}${more}; the earlier keys and identities stay in force`;
      events.tell(accessEvent.broken, text);
      return;
    }
    for (const [path, file] of contents) {
      const holdsKeys = path === config.keysFile || read.keysInConfig > 0;
      if (holdsKeys && "bytes" in file) this.checkMode(path, file);
    }
    const isNew = !sameRules(rules, this.inForce);
    this.inForce = rules;
    if (isNew) publish(rules);
    if (this.isOpen && !isNew) return;
    const { keys, identities } = rules;
    const known = `${counted(keys.length, "API key")}, ${counted(identities.length, "certificate identity", "certificate identities")}`;
    events.tell(accessEvent.loaded, `access: ${known}`, {
      keys: keys.length,
      identities: identities.length,
      changed: isNew,
    });
  }

  private checkMode(path: string, { mode }: FileBytes): void {
    if ((mode & 0o007) === 0) return;
    const shown = (mode & 0o777).toString(8).padStart(4, "0");
    const text = `${path} holds API keys and every user can read it (mode ${shown}); run chmod o= on it`;
    this.options.events.tell(accessEvent.doubtful, text);
  }
}

/** Nobody is asked who they are. */
function isOpen({ asksForKeys, identities }: AccessRules): boolean {
  return !asksForKeys && identities.length === 0;
}
