/** Names and colours of the states of hunters and processors. */
import { HunterStatus, ProcessorStatus } from "../wire/gen/lippycat/management/management_pb.ts";
import type { Tone } from "./screen.ts";

const hunterStatusNames: Readonly<Record<number, string>> = {
  [HunterStatus.STATUS_HEALTHY]: "healthy",
  [HunterStatus.STATUS_WARNING]: "warning",
  [HunterStatus.STATUS_ERROR]: "error",
  [HunterStatus.STATUS_STOPPING]: "stopping",
};

const processorStatusNames: Readonly<Record<number, string>> = {
  [ProcessorStatus.PROCESSOR_HEALTHY]: "healthy",
  [ProcessorStatus.PROCESSOR_WARNING]: "warning",
  [ProcessorStatus.PROCESSOR_ERROR]: "error",
};

export function hunterStatusName(status: number): string {
  return hunterStatusNames[status] ?? `unknown_${status}`;
}

export function processorStatusName(status: number): string {
  return processorStatusNames[status] ?? `unknown_${status}`;
}

/** By the name of a status. */
export function toneOf(statusName: string): Tone | undefined {
  if (statusName === "healthy") return "good";
  return statusName === "error" ? "bad" : "doubtful";
}
