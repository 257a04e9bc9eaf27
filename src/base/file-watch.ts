/** A look at files whenever they may have changed. */
import { type FSWatcher, watch } from "node:fs";
import { basename, dirname } from "node:path";

/**
 * Calls `look` whenever one of the files may have changed: at each event of its name in its directory,
 * since a watch on a file itself goes deaf when another takes its place, and every `pollMs`, since a
 * link may lead elsewhere, the directory may come later, and not every file system tells. Events of
 * other names do not count: the capture may be in the same directory, and it is written all the time.
 *
 * @returns ends it
 */
export function watchFiles(paths: readonly string[], pollMs: number, look: () => void): () => void {
  const directories = new Set(paths.map((path) => dirname(path)));
  const names = new Set(paths.map((path) => basename(path)));
  const onEvent = (name: string | null): void => {
    if (name === null || names.has(name)) look();
  };
  const watchers = new Map<string, FSWatcher>();
  const forget = (directory: string): void => {
    watchers.get(directory)?.close();
    watchers.delete(directory);
  };
  const poll = (): void => {
    for (const directory of directories) {
      if (watchers.has(directory)) continue;
      const watcher = watchDirectory(directory, onEvent, () => forget(directory));
      if (watcher !== undefined) watchers.set(directory, watcher);
    }
    look();
  };
  poll();
  const timer = setInterval(poll, pollMs);
  return () => {
    clearInterval(timer);
    for (const directory of directories) forget(directory);
  };
}

function watchDirectory(
  path: string,
  onEvent: (name: string | null) => void,
  onLost: () => void,
): FSWatcher | undefined {
  try {
    const watcher = watch(path, { persistent: false }, (_, name) => onEvent(name));
    watcher.on("error", onLost);
    return watcher;
  } catch {
    return undefined;
  }
}
