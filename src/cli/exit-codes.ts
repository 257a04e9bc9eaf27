/** Every exit code, what --help says of it, and the errors that lead to it. */
import { WeirError } from "../base/errors.ts";

/** What the process answers to its caller; listed in the README and in --help. */
export const exitCodes = {
  ok: 0,
  /** Anything that has no code of its own. */
  runtime: 1,
  /** Flags, environment or configuration file. */
  usage: 2,
  /** Asking a node (docs/wire.md#command-line-client): it cannot be reached, or does not answer. */
  unreachable: 2,
  /** It refuses what it is asked. */
  refused: 3,
  /** It has no such hunter or filter. */
  notFound: 4,
  /** Flags, environment, configuration or input file of a command that asks a node: its 2 is taken. */
  clientUsage: 64,
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
  /** `weir process`, `weir hunt`: a file of certificates or keys cannot be used at the start. */
  unusableFile: 78,
  /** A second SIGINT, SIGTERM or (`weir hunt`) SIGHUP while stopping: 128 + the number of the signal. */
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
  [exitCodes.interrupted, "second SIGINT while stopping"],
  [exitCodes.terminated, "second SIGTERM while stopping"],
];

/** What --help of `weir process` lists. */
export const processExitCodes: readonly ExitCodeText[] = [
  [exitCodes.ok, "stopped; every accepted packet is written"],
  ...everyCommand,
  [exitCodes.recorderLost, "the recorder failed"],
  [
    exitCodes.captureFile,
    "the capture file cannot be opened: it is in use, not writable or another user's, or its directory does not exist",
  ],
  [exitCodes.unacknowledged, "stopped with packets that are not written"],
  [exitCodes.portInUse, "the port is in use"],
  [exitCodes.address, "the node cannot listen on the address"],
  [exitCodes.unusableFile, "a certificate or key file cannot be read or used"],
  ...secondSignal,
];

/** What --help of `weir hunt` lists. */
export const huntExitCodes: readonly ExitCodeText[] = [
  [exitCodes.ok, "everything was sent and acknowledged"],
  ...everyCommand,
  [
    exitCodes.badData,
    "the input is not a capture, or is damaged or incomplete (what can be read is sent), or the node rejected a batch",
  ],
  [exitCodes.noInput, "the input cannot be opened"],
  [exitCodes.unacknowledged, "stopped before everything was acknowledged"],
  [exitCodes.unusableFile, "a certificate or key file cannot be read or used"],
  [exitCodes.hungUp, "second SIGHUP while stopping"],
  ...secondSignal,
];

/** What --help of the commands that ask a node lists. */
export const clientExitCodes: readonly ExitCodeText[] = [
  [exitCodes.ok, "done"],
  [exitCodes.runtime, "any other failure"],
  [exitCodes.unreachable, "the node cannot be reached, or does not answer"],
  [exitCodes.refused, "the node refuses the request"],
  [exitCodes.notFound, "the node has no such hunter or filter"],
  [
    exitCodes.clientUsage,
    "wrong flags, environment, configuration file, input file, certificate or key",
  ],
];

const byErrorCode: Readonly<Record<string, ExitCode>> = {
  configuration: exitCodes.usage,
  "node-unreachable": exitCodes.unreachable,
  "request-refused": exitCodes.refused,
  "not-found": exitCodes.notFound,
  "bad-input": exitCodes.clientUsage,
  "no-input": exitCodes.noInput,
  "bad-capture": exitCodes.badData,
  "recorder-lost": exitCodes.recorderLost,
  "directory-missing": exitCodes.captureFile,
  "file-in-use": exitCodes.captureFile,
  "file-not-regular": exitCodes.captureFile,
  "file-not-ours": exitCodes.captureFile,
  "file-unwritable": exitCodes.captureFile,
  "packets-unacknowledged": exitCodes.unacknowledged,
  "port-in-use": exitCodes.portInUse,
  "address-unusable": exitCodes.address,
  "tls-files": exitCodes.unusableFile,
  "api-key-file": exitCodes.unusableFile,
};

/** The exit code of any thrown value, by the code of the WeirError it is. */
export function exitCodeOf(error: unknown): ExitCode {
  if (!(error instanceof WeirError)) return exitCodes.runtime;
  return byErrorCode[error.code] ?? exitCodes.runtime;
}

/** The one code that several failures of one command give: the first of these that occurs. */
const worstFirst: readonly ExitCode[] = [
  exitCodes.unreachable,
  exitCodes.runtime,
  exitCodes.refused,
  exitCodes.notFound,
];

export function worstExitCode(errors: readonly unknown[]): ExitCode {
  if (errors.length === 0) return exitCodes.ok;
  const codes = new Set(errors.map(exitCodeOf));
  return worstFirst.find((code) => codes.has(code)) ?? exitCodes.runtime;
}
