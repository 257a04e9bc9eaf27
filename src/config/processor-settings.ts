/**
 * The table of `weir process`: flag ⇄ short ⇄ other spellings ⇄ YAML key ⇄ environment variable,
 * with type, default and help. Names, keys and defaults: docs/wire.md#flags.
 */
import { extname } from "node:path";
import { generalSettings, type Machine, thisMachine } from "./general-settings.ts";
import { limits } from "./limits.ts";
import { showDuration, showSize } from "./quantity.ts";
import { servingSettings } from "./serving-settings.ts";
import { setting } from "./setting.ts";
import {
  durationKind,
  listenKind,
  nameKind,
  oneOf,
  pathKind,
  sizeKind,
  switchKind,
  textKind,
  type ValueKind,
  wholeNumber,
} from "./value-kinds.ts";

export function processorSettings(machine: Machine = thisMachine()) {
  return {
    ...networkSettings(machine),
    ...recordingSettings(),
    ...workSettings(machine),
    ...servingSettings(),
    ...accessSettings(),
    ...generalSettings("processor"),
  };
}

/** The keys themselves are lists of the file: src/access/read-access.ts. */
function accessSettings() {
  const group = "Access (docs/access.md)";
  return {
    apiKeyAuth: setting({
      flag: "api-key-auth",
      keys: ["security.api_keys.enabled"],
      kind: switchKind,
      fallback: false,
      help: "Ask clients for an API key; the configuration file lists the keys",
      group,
    }),
    apiKeysFile: setting({
      flag: "api-keys-file",
      keys: ["security.api_keys.file"],
      kind: pathKind,
      fallback: "",
      help: "File with more API keys (YAML); the node reads it again when it changes",
      group,
    }),
  };
}

function networkSettings(machine: Machine) {
  const group = "Hunters and clients";
  return {
    listen: setting({
      flag: "listen",
      short: "l",
      keys: ["processor.listen_addr"],
      kind: listenKind,
      fallback: { host: "", port: 50_051 },
      fallbackText: ":50051",
      help: "Address to listen on",
      group,
    }),
    processorId: setting({
      flag: "processor-id",
      otherFlags: [{ flag: "id", short: "I" }],
      keys: ["processor.processor_id", "processor.id"],
      kind: nameKind,
      fallback: machine.hostname,
      fallbackText: "the host name",
      help: "Name of this node",
      group,
    }),
    maxHunters: setting({
      flag: "max-hunters",
      short: "m",
      keys: ["processor.max_hunters"],
      kind: wholeNumber(0, limits.rosterHuntersMax),
      fallback: 100,
      help: "Most hunters at a time; 0 means none",
      group,
    }),
    maxSubscribers: setting({
      flag: "max-subscribers",
      keys: ["processor.max_subscribers"],
      kind: wholeNumber(0, limits.subscribersMax),
      fallback: 100,
      help: `Most subscribers (live views) at a time; 0 means ${limits.subscribersMax.toLocaleString("en-US")}`,
      group,
    }),
    subscriberBufferBatches: setting({
      flag: "subscriber-buffer",
      keys: ["processor.subscriber_buffer"],
      kind: wholeNumber(1, limits.subscriberBufferBatchesMax),
      fallback: 100,
      help: "Batches that wait for a slow subscriber; it loses those for which there is no room",
      group,
    }),
    messageBytesMax: setting({
      flag: "max-message-size",
      keys: ["processor.max_message_size"],
      kind: sizeKind(limits.messageBytesMin, limits.messageBytesMax, false),
      fallback: limits.messageBytesMax,
      fallbackText: showSize(limits.messageBytesMax),
      help: "Largest batch that a hunter may send",
      group,
    }),
    upstream: setting({
      flag: "upstream",
      short: "u",
      otherFlags: [{ flag: "processor", short: "P" }],
      keys: ["processor.upstream_addr", "processor.processor_addr"],
      kind: textKind("HOST:PORT"),
      fallback: "",
      help: "Node to forward packets to",
      group,
      missing: "this build does not forward to an upstream node yet",
    }),
    filterFile: setting({
      flag: "filter-file",
      short: "f",
      keys: ["processor.filter_file"],
      kind: pathKind,
      fallback: "",
      fallbackText: "~/.config/lippycat/filters.yaml",
      help: "Filters for hunters (YAML); the node reads the file again when it changes, and on SIGHUP",
      group,
    }),
  };
}

export function recordingSettings() {
  const group = "Recording";
  return {
    writeFile: setting({
      flag: "write-file",
      short: "w",
      keys: ["processor.write_file"],
      kind: pathKind,
      fallback: "",
      help: "Capture file, .pcapng or .pcap; an existing file is continued",
      group,
      emptyFault: "the value is empty: name a file, or leave the setting out to record nothing",
      check: checkCaptureName,
    }),
    ack: setting({
      flag: "ack",
      keys: ["processor.ack"],
      kind: oneOf(ackModes),
      fallback: "written",
      help: "When to acknowledge packets: in memory (a kill loses them), written to the operating system, or synced to the disk",
      group,
    }),
    rotateSizeBytes: setting({
      flag: "rotate-size",
      keys: ["processor.rotate_size"],
      kind: sizeKind(limits.rotateSizeBytesMin, limits.settingBytesMax, true),
      fallback: 0,
      fallbackText: "never",
      help: "Begin a new file at this size",
      group,
    }),
    rotateIntervalMs: setting({
      flag: "rotate-interval",
      keys: ["processor.rotate_interval"],
      kind: durationKind(limits.rotateIntervalMsMin, limits.settingMsMax, true),
      fallback: 0,
      fallbackText: "never",
      help: "Begin a new file after this time",
      group,
    }),
    rotateFiles: setting({
      flag: "rotate-files",
      keys: ["processor.rotate_files"],
      kind: wholeNumber(0, limits.rotateFilesMax),
      fallback: 0,
      fallbackText: "all",
      help: "Files to keep; the oldest is deleted first",
      group,
    }),
    diskReserveBytes: setting({
      flag: "disk-reserve",
      keys: ["processor.disk_reserve"],
      kind: sizeKind(0, limits.settingBytesMax, true),
      fallback: 0,
      help: "Free space that recording leaves on the disk",
      group,
    }),
  };
}

function workSettings(machine: Machine) {
  const group = "Work";
  return {
    enableDetection: setting({
      flag: "enable-detection",
      short: "d",
      keys: ["processor.enable_detection"],
      kind: switchKind,
      fallback: true,
      help: "Detect protocols",
      group,
    }),
    workers: setting({
      flag: "workers",
      keys: ["processor.workers"],
      kind: workersKind(machine),
      fallback: workersOf(machine),
      fallbackText: "cores minus 1",
      help: "Threads that receive packets",
      group,
    }),
    stats: setting({
      flag: "stats",
      short: "s",
      keys: ["processor.stats", "processor.display_stats"],
      kind: switchKind,
      fallback: true,
      help: "Log the counters regularly",
      group,
    }),
    statsIntervalMs: setting({
      flag: "stats-interval",
      keys: ["processor.stats_interval"],
      kind: durationKind(limits.statsIntervalMsMin, limits.settingMsMax, false),
      fallback: 5000,
      fallbackText: showDuration(5000),
      help: "Time between two log lines of counters",
      group,
    }),
  };
}

const ackModes = ["memory", "written", "synced"] as const;

/** macOS gives all connections of a shared port to one listener (docs/architecture.md#threads). */
function workersKind(machine: Machine): ValueKind<number> {
  return wholeNumber(1, machine.platform === "darwin" ? 1 : limits.shardsMax);
}

function workersOf(machine: Machine): number {
  if (machine.platform === "darwin") return 1;
  return Math.min(Math.max(machine.cores - 1, 1), limits.shardsMax);
}

function checkCaptureName(path: string): string | undefined {
  const known = [".pcapng", ".pcap"].includes(extname(path)) && !path.endsWith("/");
  if (path === "" || known) return undefined;
  return `${JSON.stringify(path)} does not end in .pcapng or .pcap, which says the format`;
}

export type ProcessorSettings = ReturnType<typeof processorSettings>;
export type RecordingSettings = ReturnType<typeof recordingSettings>;
