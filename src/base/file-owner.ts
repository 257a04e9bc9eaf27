/**
 * Whose a file is. In a directory that several users may write, another user can put a link or a file
 * where the node will write: it is refused, with the owner's number.
 */
import { lstatSync, readlinkSync } from "node:fs";

export interface Owned {
  readonly uid: number | bigint;
  readonly mode: number | bigint;
  isFile(): boolean;
}

const writableByOthers = 0o022;

function isOurs(uid: number | bigint): boolean {
  const own = process.geteuid?.();
  return own === undefined || Number(uid) === own;
}

/** Why bytes must not be added to that file of a user's choice, or "". */
export function foreignFile(stats: Owned): string {
  if (isOurs(stats.uid)) return "";
  return `it belongs to user ${stats.uid}, and the node runs as user ${process.geteuid?.()}`;
}

/** Why that cannot be a hidden file of ours, or "". It was opened without following a link. */
export function foreignHidden(stats: Owned): string {
  if (!stats.isFile()) return "it is not a regular file";
  const foreign = foreignFile(stats);
  if (foreign !== "") return foreign;
  const isOpen = (Number(stats.mode) & writableByOthers) !== 0;
  return isOpen ? "other users may write to it (chmod 600 ends that)" : "";
}

/** Why a link at the end of a path that the user named is not followed, or "": another user made it. */
export function foreignLink(path: string): string {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats?.isSymbolicLink() !== true || stats.uid === 0 || isOurs(stats.uid)) return "";
  return `it is a symbolic link to ${readlinkSync(path)} that user ${stats.uid} made`;
}
