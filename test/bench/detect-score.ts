/**
 * Scores detection against captures with known flows: recall, packets labelled and false labels per
 * protocol, and the list of mistakes. `bun test/bench/detect-score.ts [folder]`: a folder with
 * `truth.tsv` or, as test/captures has it, `expected.tsv`. Without one it takes the shared captures,
 * and says so when there are none.
 */
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { createDetection } from "../../src/detect/detection.ts";
import { detectors, protocolName } from "../../src/detect/registry.ts";
import { findLayers } from "../../src/packet/find-layers.ts";
import { Layers } from "../../src/packet/layers.ts";
import { captureFiles, readCapture, sharedCaptures } from "../support/captures.ts";
import { makeBatch } from "../support/encode-batch.ts";

/** Flow of the truth, with what detection said of its packets. */
interface Flow {
  readonly capture: string;
  readonly name: string;
  /** The truth's protocol: what stands before the first dot. */
  readonly truth: string;
  packets: number;
  readonly labelled: Map<string, number>;
}

export interface Score {
  readonly flows: number;
  readonly found: number;
  readonly packets: number;
  readonly labelledPackets: number;
  readonly falseFlows: number;
}

export interface ScoreResult {
  readonly scores: ReadonlyMap<string, Score>;
  readonly mistakes: readonly string[];
}

/** The truth's names for what our labels name; a name that is not here stands for itself. */
const truthNames: Readonly<Record<string, readonly string[]>> = {
  IKEv1: ["IPSec"],
  IKEv2: ["IPSec"],
  ESP: ["IPSec"],
  // The truth names what the port or the request says is inside; both are these protocols.
  TLS: ["TLS", "IMAPS", "POPS", "SMTPS"],
  HTTP: ["HTTP", "HTTP_Connect", "HTTP_Proxy"],
  // What carries Discord's voice; the truth has the application's name.
  RTP: ["RTP", "Discord"],
};

const transportNames: Readonly<Record<number, string>> = {
  1: "ICMP",
  6: "TCP",
  17: "UDP",
  47: "GRE",
  50: "ESP",
  58: "ICMPV6",
};

/** Truths that must be labelled; STARTTLS makes SMTPS of what begins, and stays for us, SMTP. */
const wanted = new Map([
  ["HTTP", "HTTP"],
  ["HTTP_Connect", "HTTP"],
  ["HTTP_Proxy", "HTTP"],
  ["DNS", "DNS"],
  ["TLS", "TLS"],
  ["MySQL", "MySQL"],
  ["PostgreSQL", "PostgreSQL"],
  ["SIP", "SIP"],
  ["RTP", "RTP"],
  ["OpenVPN", "OpenVPN"],
  ["WireGuard", "WireGuard"],
  ["IPSec", "IPSec"],
  ["IKEv1", "IPSec"],
  ["IKEv2", "IPSec"],
  ["ESP", "IPSec"],
  ["L2TP", "L2TP"],
  ["PPTP", "PPTP"],
]);

/** Path of a folder's table of flows, or undefined when it has none. */
function truthPath(folder: string): string | undefined {
  return ["truth.tsv", "expected.tsv"].map((name) => join(folder, name)).find(existsSync);
}

/** Scores all captures of a folder with a table of flows. */
export function scoreFolder(folder: string): ScoreResult {
  const truth = readTruth(truthPath(folder) ?? join(folder, "truth.tsv"));
  for (const path of captureFiles(folder)) inspectCapture(path, truth);
  return summarize([...truth.values()]);
}

function readTruth(path: string): Map<string, Flow> {
  const flows = new Map<string, Flow>();
  for (const line of readFileSync(path, "utf8").split("\n").slice(1)) {
    const [capture, transport, a, b, protocol] = line.split("\t");
    if (!capture || !transport || !a || !b || !protocol) continue;
    const truth = protocol.split(".")[0] ?? protocol;
    const name = `${transport} ${a} ${b} ${protocol}`;
    const flow = { capture, name, truth, packets: 0, labelled: new Map<string, number>() };
    flows.set(flowKey(capture, transport, a, b), flow);
  }
  return flows;
}

function flowKey(capture: string, transport: string, a: string, b: string): string {
  return [capture, transport, ...[a, b].sort()].join(" ");
}

function inspectCapture(path: string, truth: ReadonlyMap<string, Flow>): void {
  const detection = createDetection();
  const layers = new Layers();
  const packets = readCapture(path);
  const batch = makeBatch({ packets });
  detection.inspect(batch);
  for (let index = 0; index < packets.length; index++) {
    const { data, linkType } = packets[index]!;
    if (!findLayers(layers, data, 0, data.length, linkType)) continue;
    const transport = transportNames[layers.protocol] ?? String(layers.protocol);
    const a = endpoint(data, layers.sourceAt, layers.ipVersion, layers.sourcePort);
    const b = endpoint(data, layers.destinationAt, layers.ipVersion, layers.destinationPort);
    const flow = truth.get(flowKey(basename(path), transport, a, b));
    if (flow === undefined) continue;
    flow.packets++;
    const label = protocolName(batch.labels[index] as number);
    if (label !== "") flow.labelled.set(label, (flow.labelled.get(label) ?? 0) + 1);
  }
}

function endpoint(bytes: Uint8Array, at: number, ipVersion: number, port: number): string {
  if (ipVersion === 4) return `${bytes.subarray(at, at + 4).join(".")}:${port}`;
  const groups: string[] = [];
  for (let group = 0; group < 8; group++) {
    const value = ((bytes[at + group * 2] as number) << 8) | (bytes[at + group * 2 + 1] as number);
    groups.push(value.toString(16));
  }
  // The URL parser writes the form of RFC 5952; the truth has `::` for a single zero group as well.
  const address = new URL(`http://[${groups.join(":")}]/`).hostname.replaceAll(":0:", "::");
  return `${address}:${port}`;
}

function summarize(flows: readonly Flow[]): ScoreResult {
  const mistakes: string[] = [];
  const sums = new Map<string, { -readonly [key in keyof Score]: Score[key] }>();
  for (const name of new Set(wanted.values())) {
    sums.set(name, { flows: 0, found: 0, packets: 0, labelledPackets: 0, falseFlows: 0 });
  }
  for (const flow of flows) {
    const isRight = (label: string) =>
      label === flow.truth || (truthNames[label] ?? []).includes(flow.truth);
    const right = [...flow.labelled].filter(([label]) => isRight(label));
    const sum = sums.get(wanted.get(flow.truth) ?? "");
    if (sum !== undefined) {
      sum.flows++;
      sum.packets += flow.packets;
      if (right.length > 0) sum.found++;
      else mistakes.push(`missed: ${flow.capture} ${flow.name} (${flow.packets} packets)`);
      for (const [, count] of right) sum.labelledPackets += count;
    }
    for (const [label, count] of flow.labelled) {
      if (isRight(label)) continue;
      const ours = sums.get(wanted.get(truthNames[label]?.[0] ?? label) ?? "");
      if (ours !== undefined) ours.falseFlows++;
      mistakes.push(`false ${label}: ${flow.capture} ${flow.name} (${count} of ${flow.packets})`);
    }
  }
  return { scores: sums, mistakes };
}

function printScore(result: ScoreResult): void {
  console.log("protocol     flows  found  recall   packets  labelled  false flows");
  for (const [name, score] of result.scores) {
    const recall = score.flows === 0 ? "-" : `${((100 * score.found) / score.flows).toFixed(1)} %`;
    const cells = [
      name.padEnd(12),
      String(score.flows).padStart(5),
      String(score.found).padStart(6),
      recall.padStart(8),
      String(score.packets).padStart(9),
      String(score.labelledPackets).padStart(9),
      String(score.falseFlows).padStart(12),
    ];
    console.log(cells.join(" "));
  }
  console.log(`\n${result.mistakes.length} differences (${detectors.length} detectors)`);
  for (const mistake of result.mistakes) console.log(`  ${mistake}`);
}

if (import.meta.main) {
  const folder = process.argv[2] ?? sharedCaptures();
  if (folder === undefined || truthPath(folder) === undefined) {
    console.log("skipped: no captures with known flows (../shared/captures)");
  } else {
    printScore(scoreFolder(folder));
  }
}
