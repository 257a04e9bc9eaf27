/** Notices that a file may have changed: a watch on its directory, and a poll. */
import { type FSWatcher, watch } from "node:fs";
import { dirname } from "node:path";

/**
 * Calls `look` whenever the file at `path` may have changed: at each event in its directory, since a
 * watch on the file itself goes deaf when another takes its place, and every `pollMs`, since a link
 * may lead elsewhere, the directory may come later, and not every file system tells.
 *
 * @returns ends it
 */
export function watchFile(path: string, pollMs: number, look: () => void): () => void {
  let watcher: FSWatcher | undefined;
  const forget = (): void => {
    watcher?.close();
    watcher = undefined;
  };
  const poll = (): void => {
    watcher ??= watchDirectory(dirname(path), look, forget);
    look();
  };
  poll();
  const timer = setInterval(poll, pollMs);
  return () => {
    clearInterval(timer);
    forget();
  };
}

function watchDirectory(
  path: string,
  onEvent: () => void,
  onLost: () => void,
): FSWatcher | undefined {
  try {
    const watcher = watch(path, { persistent: false }, onEvent);
    watcher.on("error", onLost);
    return watcher;
  } catch {
    return undefined;
  }
}
