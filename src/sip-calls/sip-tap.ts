/**
 * A shard's ear for calls: of the batches that pass it takes what SIP messages say of calls, for
 * control to put together (docs/wire.md#subscribecorrelatedcalls).
 *
 * It looks at packets that detection labelled SIP and at those whose hunter says something of SIP; of
 * the others only at two numbers.
 */
import { addressText } from "../base/address-text.ts";
import { limits } from "../config/limits.ts";
import { dissectSip, type SipMessage } from "../dissect/sip.ts";
import { findLayers } from "../packet/find-layers.ts";
import { Layers } from "../packet/layers.ts";
import type { Batch } from "../pipeline/batch.ts";
import type { SIPMetadata } from "../wire/gen/lippycat/data/data_pb.ts";
import { type HunterSip, readHunterSip } from "./hunter-sip.ts";
import type { SipReport, SipSighting } from "./sip-sighting.ts";

export class SipTap {
  private readonly sipProtocol: number;
  private readonly layers = new Layers();
  private sightings: SipSighting[] = [];
  private looked = 0;
  private missed = 0;

  /** @param sipProtocol protocol number of SIP in `batch.labels` */
  constructor(sipProtocol: number) {
    this.sipProtocol = sipProtocol;
  }

  /** Keeps nothing of the batch, and never throws for what is in it. */
  observe(batch: Batch): void {
    const { view, labels, rejections } = batch;
    const { count, metadataLength } = view;
    const { sipProtocol } = this;
    for (let index = 0; index < count; index++) {
      const isSip = labels[index] === sipProtocol;
      if (!isSip && metadataLength[index] === 0) continue;
      if (rejections[index] === 0) this.look(batch, index, isSip);
    }
  }

  /** What was seen since the last call; undefined when there is nothing to tell. */
  takeReport(): SipReport | undefined {
    const { sightings, missed } = this;
    this.looked = 0;
    if (sightings.length === 0 && missed === 0) return undefined;
    this.sightings = [];
    this.missed = 0;
    return { sightings, missed };
  }

  private look(batch: Batch, index: number, isSip: boolean): void {
    const { bytes, metadataStart, metadataLength } = batch.view;
    const start = metadataStart[index] as number;
    const end = start + (metadataLength[index] as number);
    const given = end > start ? readHunterSip(bytes, start, end, !isSip) : undefined;
    if (!isSip && given === undefined) return;
    // What is looked at counts, not what comes of it: a flood of first INVITEs costs as much.
    if (this.looked >= limits.sipPacketsPerReportMax) {
      this.missed++;
      return;
    }
    this.looked++;
    const found = this.findLayers(batch, index);
    const seen = isSip && found ? this.dissect(bytes) : undefined;
    const sighting = this.merge(batch, index, found, given, seen);
    const { callId, fromTag, toTag } = sighting;
    if (callId !== "" && fromTag !== "" && toTag !== "") this.sightings.push(sighting);
  }

  private findLayers({ view }: Batch, index: number): boolean {
    const start = view.dataStart[index] as number;
    const end = start + (view.dataLength[index] as number);
    return findLayers(this.layers, view.bytes, start, end, view.linkType[index] as number);
  }

  private dissect(bytes: Uint8Array): SipMessage | undefined {
    const { payloadStart, payloadLength } = this.layers;
    return dissectSip(bytes, payloadStart, payloadStart + payloadLength);
  }

  /** What the hunter gave wins: it may have seen more of the message than this packet holds. */
  private merge(
    { hunterId, view }: Batch,
    index: number,
    hasLayers: boolean,
    given: HunterSip | undefined,
    seen: SipMessage | undefined,
  ): SipSighting {
    const { sourceAt, destinationAt } = this.layers;
    const pick = (name: TextField): string => bounded(given?.sip[name] || seen?.[name] || "");
    const address = (said: string | undefined, at: number): string => {
      if (said !== undefined && said !== "") return bounded(said);
      return hasLayers ? addressText(view.bytes, at, this.layers.ipVersion) : "";
    };
    return {
      hunterId,
      callId: pick("callId"),
      fromTag: pick("fromTag"),
      toTag: pick("toTag"),
      fromUser: pick("fromUser"),
      toUser: pick("toUser"),
      fromUri: pick("fromUri"),
      toUri: pick("toUri"),
      method: pick("method"),
      cseqMethod: pick("cseqMethod"),
      responseCode: given?.sip.responseCode || seen?.responseCode || 0,
      srcIp: address(given?.srcIp, sourceAt),
      dstIp: address(given?.dstIp, destinationAt),
      timeNs: packetTime(view.packetTimeHigh[index] as number, view.packetTimeLow[index] as number),
    };
  }
}

type TextField = {
  [Name in keyof SipMessage & keyof SIPMetadata]: SipMessage[Name] extends string ? Name : never;
}[keyof SipMessage & keyof SIPMetadata];

function bounded(text: string): string {
  if (text.length <= limits.callTextCharsMax) return text;
  // The cut may go through a pair of surrogates, and half a pair is not UTF-8.
  return text.slice(0, limits.callTextCharsMax).toWellFormed();
}

function packetTime(high: number, low: number): bigint {
  return BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low));
}
