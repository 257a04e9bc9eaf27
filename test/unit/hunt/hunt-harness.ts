import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../../src/base/clock.ts";
import type { StopSignal } from "../../../src/base/stop-signals.ts";
import type { HuntConfig } from "../../../src/config/hunt-config.ts";
import { huntSettings } from "../../../src/config/hunt-settings.ts";
import type { HuntHost } from "../../../src/hunt/host.ts";
import { runHunt } from "../../../src/hunt/hunter.ts";
import { createLog } from "../../../src/telemetry/log.ts";
import { defaultsOf } from "../../support/defaults-of.ts";

/** A hunt in this process, with short waits, a log that can be read and signals to send. */
export interface RunningHunt {
  readonly exitCode: Promise<number>;
  readonly lines: string[];
  /** Codes that the process would have ended with at once. */
  readonly exits: number[];
  signal(signal: StopSignal): void;
  /** Until a log line contains `text`. */
  logged(text: string): Promise<void>;
}

let directory: string | undefined;
let files = 0;

/** A file with `bytes`, until `removeCaptureFiles`, which a test file calls at its end. */
export function captureFile(bytes: Buffer): string {
  directory ??= mkdtempSync(join(tmpdir(), "weir-hunt-"));
  files += 1;
  const path = join(directory, `capture${files}.pcap`);
  writeFileSync(path, bytes);
  return path;
}

export function removeCaptureFiles(): void {
  if (directory !== undefined) rmSync(directory, { recursive: true });
  directory = undefined;
}

export function startHunt(
  config: Partial<HuntConfig> & Pick<HuntConfig, "read" | "processor">,
  changes: Partial<HuntHost> = {},
): RunningHunt {
  const lines: string[] = [];
  const exits: number[] = [];
  const listeners = new Set<(signal: StopSignal) => void>();
  const waiting: { readonly text: string; readonly resolve: () => void }[] = [];
  const write = (line: string): void => {
    lines.push(line);
    for (const { text, resolve } of waiting) if (line.includes(text)) resolve();
  };
  const host: HuntHost = {
    version: "test",
    clock: systemClock,
    stopSignals: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    exit: (code) => exits.push(code),
    terminal: undefined,
    colours: false,
    log: createLog({ level: "debug", format: "text", colours: false, write }),
    heartbeatMs: 20,
    reconnectMsMin: 5,
    stopMsMax: 5000,
    ...changes,
  };
  const exitCode = runHunt(
    {
      ...defaultsOf(huntSettings()),
      dial: { tls: undefined, apiKeyFile: "" },
      hunterId: "h1",
      batchPackets: 10,
      batchTimeoutMs: 50,
      progress: "none",
      logLevel: "debug",
      ...config,
    },
    host,
  );
  return {
    exitCode,
    lines,
    exits,
    signal: (signal) => {
      for (const listener of listeners) listener(signal);
    },
    logged: (text) => {
      if (lines.some((line) => line.includes(text))) return Promise.resolve();
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push({ text, resolve });
      return promise;
    },
  };
}
