import { WeirError } from "../base/errors.ts";

/** What the process answers to its caller; listed in the README and in --help. */
export const exitCodes = {
  ok: 0,
  /** Anything that has no code of its own. */
  runtime: 1,
  /** Flags, environment or configuration file. */
  usage: 2,
  /** `weir hunt`: the input is no capture, or damaged or cut off, or refused by the processor for good. */
  badData: 65,
  /** `weir hunt`: the input cannot be opened. */
  noInput: 66,
  /** The recorder thread could not be brought back. */
  recorderLost: 70,
  /** The capture file cannot be created or opened: in use, unwritable, missing directory. */
  captureFile: 73,
  /** Packets that were accepted are not written at exit. */
  unacknowledged: 75,
  portInUse: 76,
  /** The address to listen on is not of this machine, or not permitted. */
  address: 77,
  /** A second SIGHUP, SIGINT or SIGTERM while draining: 128 + the number of the signal. */
  hungUp: 129,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

type ExitCodeText = readonly [code: ExitCode, text: string];

const everyCommand: readonly ExitCodeText[] = [
  [exitCodes.runtime, "any other failure"],
  [exitCodes.usage, "wrong flags, environment or configuration file"],
];

const secondSignal: readonly ExitCodeText[] = [
  [exitCodes.hungUp, "second SIGHUP"],
  [exitCodes.interrupted, "second SIGINT"],
  [exitCodes.terminated, "second SIGTERM"],
];

/** What --help of `weir process` lists. */
export const processExitCodes: readonly ExitCodeText[] = [
  [exitCodes.ok, "stopped, and everything accepted is written"],
  ...everyCommand,
  [exitCodes.recorderLost, "the recorder was lost"],
  [exitCodes.captureFile, "the capture file cannot be opened: in use, not writable, no directory"],
  [exitCodes.unacknowledged, "stopped with packets that are not written"],
  [exitCodes.portInUse, "the port is in use"],
  [exitCodes.address, "the address cannot be listened on"],
  ...secondSignal,
];

/** What --help of `weir hunt` lists. */
export const huntExitCodes: readonly ExitCodeText[] = [
  [exitCodes.ok, "everything was sent and acknowledged"],
  ...everyCommand,
  [
    exitCodes.badData,
    "no capture, damaged or cut off (what is whole is sent), or some was refused",
  ],
  [exitCodes.noInput, "the input cannot be opened"],
  [exitCodes.unacknowledged, "stopped before everything was acknowledged"],
  ...secondSignal,
];

const byErrorCode: Readonly<Record<string, ExitCode>> = {
  configuration: exitCodes.usage,
  "no-input": exitCodes.noInput,
  "bad-capture": exitCodes.badData,
  "recorder-lost": exitCodes.recorderLost,
  "directory-missing": exitCodes.captureFile,
  "file-in-use": exitCodes.captureFile,
  "file-not-regular": exitCodes.captureFile,
  "file-unwritable": exitCodes.captureFile,
  "packets-unacknowledged": exitCodes.unacknowledged,
  "port-in-use": exitCodes.portInUse,
  "address-unusable": exitCodes.address,
};

/** The exit code of any thrown value, by the code of the WeirError it is. */
export function exitCodeOf(error: unknown): ExitCode {
  if (!(error instanceof WeirError)) return exitCodes.runtime;
  return byErrorCode[error.code] ?? exitCodes.runtime;
}
