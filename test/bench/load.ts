/** h2load as the client, so that our code is not measured by our code. */

export interface LoadResult {
  readonly seconds: number;
  readonly succeeded: number;
  /** CPU seconds of h2load itself. */
  readonly clientCpu: number;
}

export type LoadScheme = "http" | "https";

/** `origin` is `http://host:port` or with https. Posts the body once per stream, one stream on each of `connections` connections. */
export async function h2load(
  bodyPath: string,
  origin: string,
  connections: number,
): Promise<LoadResult> {
  const count = String(connections);
  const child = Bun.spawn(
    [
      "h2load",
      ...["-n", count, "-c", count, "-m", "1", "-d", bodyPath],
      ...["-H", "content-type: application/grpc", "-H", "te: trailers"],
      `${origin}/lippycat.data.DataService/StreamPackets`,
    ],
    { stdin: "ignore", stdout: "pipe", stderr: "pipe" },
  );
  const output = await new Response(child.stdout).text();
  await child.exited;
  const time = /finished in ([\d.]+)(us|ms|s|m)\b/.exec(output);
  const status = /status codes: (\d+) 2xx/.exec(output);
  if (time === null || status === null) throw new Error(`h2load said: ${output}`);
  const units: Record<string, number> = { us: 1e-6, ms: 1e-3, s: 1, m: 60 };
  return {
    seconds: Number(time[1]) * (units[time[2] ?? "s"] ?? 1),
    succeeded: Number(status[1]),
    clientCpu: Number(child.resourceUsage()?.cpuTime.total ?? 0) / 1e6,
  };
}

/** CPU seconds, user and system, that a process has used. */
export async function cpuSeconds(pid: number): Promise<number> {
  const stat = await Bun.file(`/proc/${pid}/stat`).text();
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Resident memory now and at its highest, MB. */
export async function memoryMegabytes(pid: number): Promise<{ now: number; peak: number }> {
  const status = await Bun.file(`/proc/${pid}/status`).text();
  const field = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0);
  return { now: (field("VmRSS") * 1024) / 1e6, peak: (field("VmHWM") * 1024) / 1e6 };
}
