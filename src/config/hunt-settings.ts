/** The table of `weir hunt`; the columns are those of setting.ts. */
import { dialSettings } from "./dial-settings.ts";
import { generalSettings, type Machine, thisMachine } from "./general-settings.ts";
import { limits } from "./limits.ts";
import { setting } from "./setting.ts";
import {
  dialKind,
  durationKind,
  nameKind,
  oneOf,
  pathKind,
  textKind,
  wholeNumber,
} from "./value-kinds.ts";

/** `auto` is a bar on a terminal and plain lines elsewhere. */
const progressModes = ["auto", "bar", "plain", "none"] as const;

export function huntSettings(machine: Machine = thisMachine()) {
  return {
    ...inputSettings(),
    ...processorSettings(machine),
    ...dialSettings("hunter"),
    ...generalSettings("hunter"),
  };
}

function inputSettings() {
  const group = "Input";
  return {
    read: setting({
      flag: "read",
      short: "r",
      keys: ["hunter.read"],
      kind: pathKind,
      fallback: "",
      help: "Capture to send, pcap or pcapng; - means standard input",
      group,
    }),
    interfaceName: setting({
      flag: "interface",
      keys: ["hunter.interface_name"],
      kind: textKind("NAME"),
      fallback: "",
      help: "Interface name, for a capture that holds none",
      group,
      check: checkInterfaceName,
    }),
    loopCount: setting({
      flag: "loop",
      keys: ["hunter.loop"],
      kind: wholeNumber(0, limits.huntLoopsMax),
      fallback: 1,
      help: "How often to send the file; 0 means forever",
      group,
    }),
    ratePackets: setting({
      flag: "rate",
      keys: ["hunter.rate"],
      kind: wholeNumber(0, limits.huntRatePacketsMax),
      fallback: 0,
      fallbackText: "as fast as the node takes them",
      help: "Most packets to send per second",
      group,
    }),
    progress: setting({
      flag: "progress",
      keys: ["hunter.progress"],
      kind: oneOf(progressModes),
      fallback: "auto",
      help: "How to show progress; auto is a bar on a terminal, else plain lines",
      group,
    }),
  };
}

function processorSettings(machine: Machine) {
  const group = "Node";
  return {
    processor: setting({
      flag: "processor",
      short: "P",
      keys: ["hunter.processor_addr"],
      kind: dialKind,
      fallback: { host: "127.0.0.1", port: 50_051 },
      fallbackText: "127.0.0.1:50051",
      help: "Node to send to",
      group,
    }),
    hunterId: setting({
      flag: "id",
      short: "I",
      otherFlags: [{ flag: "hunter-id" }],
      keys: ["hunter.hunter_id", "hunter.id"],
      kind: nameKind,
      fallback: machine.hostname,
      fallbackText: "the host name",
      help: "Name of this hunter",
      group,
    }),
    batchPackets: setting({
      flag: "batch-size",
      keys: ["hunter.batch_size"],
      kind: wholeNumber(1, limits.huntBatchPacketsMax),
      fallback: 64,
      help: "Most packets in a batch",
      group,
    }),
    batchTimeoutMs: setting({
      flag: "batch-timeout",
      keys: ["hunter.batch_timeout"],
      kind: durationKind(1, limits.huntBatchTimeoutMsMax, false),
      fallback: 100,
      fallbackText: "100ms",
      help: "Longest time that a batch waits to fill up",
      group,
    }),
  };
}

function checkInterfaceName(name: string): string | undefined {
  const bytesMax = limits.interfaceNameBytesMax;
  if (/^\P{C}*$/u.test(name) && Buffer.byteLength(name) <= bytesMax) return undefined;
  return `the name is longer than ${bytesMax} bytes or has control characters`;
}

export type HuntSettings = ReturnType<typeof huntSettings>;
