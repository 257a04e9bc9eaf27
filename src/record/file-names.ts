/** Names of capture files (docs/recording.md#rotation). */
import { basename, dirname, join } from "node:path";

/** `x.pcapng` is directory, stem `x` and extension `.pcapng`. */
export interface CaptureName {
  readonly directory: string;
  readonly stem: string;
  readonly extension: string;
}

export function captureName(path: string): CaptureName {
  const name = basename(path);
  const dot = name.lastIndexOf(".");
  const end = dot > 0 ? dot : name.length;
  return { directory: dirname(path), stem: name.slice(0, end), extension: name.slice(end) };
}

export function plainPath(name: CaptureName): string {
  return join(name.directory, name.stem + name.extension);
}

/** `x.linux-sll.pcap`, beside `x.pcap`. */
export function besideName(name: CaptureName, insert: string): CaptureName {
  return { ...name, stem: `${name.stem}.${insert}` };
}

/** `x_00001_20260102T030405Z.pcapng` */
export function numberedPath(name: CaptureName, index: number, wallMs: number): string {
  const number = String(index).padStart(5, "0");
  return join(name.directory, `${name.stem}_${number}_${utcText(wallMs)}${name.extension}`);
}

/** The index in the name of a numbered file of this series; undefined when it is none. */
export function numberedIndex(name: CaptureName, fileName: string): number | undefined {
  if (!fileName.startsWith(`${name.stem}_`) || !fileName.endsWith(name.extension)) return undefined;
  const middle = fileName.slice(name.stem.length, fileName.length - name.extension.length);
  const match = /^_(\d{5,12})_\d{8}T\d{6}Z$/.exec(middle);
  return match === null ? undefined : Number(match[1]);
}

/** `x.20260102T030405Z.pcapng`: where a file goes that cannot be continued. */
export function asidePath(name: CaptureName, wallMs: number, attempt: number): string {
  const more = attempt === 0 ? "" : `-${attempt}`;
  return join(name.directory, `${name.stem}.${utcText(wallMs)}${more}${name.extension}`);
}

/** The hidden file that holds the lock and the last good offset. */
export function sidePath(name: CaptureName): string {
  return join(name.directory, `.${name.stem}${name.extension}.weir`);
}

const lastMs = Date.UTC(9999, 11, 31, 23, 59, 59);

/** `20260102T030405Z`. A clock before 1970 or beyond 9999 stands at the nearest instant between. */
export function utcText(wallMs: number): string {
  const text = new Date(Math.min(Math.max(wallMs, 0), lastMs)).toISOString();
  return text.slice(0, 19).replaceAll(/[-:]/g, "").concat("Z");
}
