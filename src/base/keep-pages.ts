/**
 * Bun's allocator (mimalloc) gives freed pages back to the kernel at once. What a socket receives comes in
 * fresh buffers, so that each had new pages, with a page fault and zeroing for each: a third of
 * the CPU time. MIMALLOC_PURGE_DELAY=-1 keeps freed pages for the next buffers. It is read when a process
 * starts, and nothing else sets it, so the process begins once more with it (execve: the process id
 * stays).
 */
const variable = "MIMALLOC_PURGE_DELAY";

/** Returns when there is nothing to do: it is set, or this is no executable that could begin anew. */
export function keepFreedPages(): void {
  const isExecutable = import.meta.path.startsWith("/$bunfs/");
  if (process.env[variable] !== undefined || !isExecutable) return;
  const words = [process.argv0, ...process.argv.slice(2)];
  try {
    process.execve?.(process.execPath, words, { ...process.env, [variable]: "-1" });
  } catch {
    // Where a process may not do that, it is slower and otherwise the same.
  }
}
