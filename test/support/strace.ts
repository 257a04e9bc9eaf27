/** System calls of a node that fail or take long on purpose: it runs under strace, which injects it. */

/** Why that is not possible on this machine; "" when it is. */
export const noStrace: string = findObstacle();

/**
 * A command to run the node under (`StartOptions.under`), which keeps its process id.
 * @param paths the files that are sick; all are when there are none. A rename is of its old name
 * @param faults of strace's `inject`, e.g. `fdatasync:error=EIO:when=3..5` or `write:delay_enter=50ms`
 */
export function injecting(paths: readonly string[], faults: readonly string[]): string[] {
  const calls = faults.map((fault) => fault.slice(0, fault.indexOf(":")));
  return [
    ...["strace", "-D", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null"],
    ...paths.flatMap((path) => ["-P", path]),
    ...["-e", `trace=${calls.join(",")}`],
    ...faults.flatMap((fault) => ["-e", `inject=${fault}`]),
  ];
}

function findObstacle(): string {
  if (Bun.which("strace") === null) return "there is no strace";
  const command = [...injecting(["/"], ["fsync:error=EIO"]), "true"];
  const { exitCode } = Bun.spawnSync(command);
  return exitCode === 0 ? "" : "this container may not trace processes";
}
