import { WeirError } from "../base/errors.ts";

/** What the process answers to its caller; listed in the README and in --help. */
export const exitCodes = {
  ok: 0,
  /** Anything that has no code of its own. */
  runtime: 1,
  /** Flags, environment or configuration file. */
  usage: 2,
  /** `weir hunt`: the input cannot be opened or is no capture. */
  input: 66,
  /** The recorder thread could not be brought back. */
  recorderLost: 70,
  /** The capture file cannot be created or opened: in use, unwritable, missing directory. */
  captureFile: 73,
  /** Packets that were accepted are not written at exit. */
  unacknowledged: 75,
  portInUse: 76,
  /** The address to listen on is not of this machine, or not permitted. */
  address: 77,
  /** A second SIGINT or SIGTERM while draining: 128 + the number of the signal. */
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** One line each, for --help. */
export const exitCodeTexts: readonly (readonly [ExitCode, string])[] = [
  [exitCodes.ok, "done, and everything accepted is written"],
  [exitCodes.runtime, "any other failure"],
  [exitCodes.usage, "flags, environment or configuration file"],
  [exitCodes.input, "the input of hunt cannot be read"],
  [exitCodes.recorderLost, "the recorder was lost"],
  [exitCodes.captureFile, "the capture file cannot be opened"],
  [exitCodes.unacknowledged, "packets were left unacknowledged"],
  [exitCodes.portInUse, "the port is in use"],
  [exitCodes.address, "the address cannot be listened on"],
  [exitCodes.interrupted, "second SIGINT while draining"],
  [exitCodes.terminated, "second SIGTERM while draining"],
];

const byErrorCode: Readonly<Record<string, ExitCode>> = {
  configuration: exitCodes.usage,
  "input-unreadable": exitCodes.input,
  "recorder-lost": exitCodes.recorderLost,
  "capture-in-use": exitCodes.captureFile,
  "capture-unwritable": exitCodes.captureFile,
  "capture-directory-missing": exitCodes.captureFile,
  "packets-unacknowledged": exitCodes.unacknowledged,
  "port-in-use": exitCodes.portInUse,
  "address-unusable": exitCodes.address,
};

/** The exit code of any thrown value, by the code of the WeirError it is. */
export function exitCodeOf(error: unknown): ExitCode {
  if (!(error instanceof WeirError)) return exitCodes.runtime;
  return byErrorCode[error.code] ?? exitCodes.runtime;
}
