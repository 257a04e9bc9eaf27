/** A client's end of HTTP/2 for fuzzers: reads what a server writes, and keeps account of its windows. */
import { HeaderDecoder } from "../../src/http2/header-decoder.ts";
import { type Frame, framesOf } from "../support/http2-frames.ts";
import { lastPing } from "./http2-traffic.ts";

const firstWindowBytes = 65_535;
/** A server that does not go on for so long stands still. */
const patienceMs = 20_000;

interface Answer {
  readonly notes: string[];
  bytes: number;
  isRight: boolean;
}

export class ServerReader {
  /** What ended the connection, or "". */
  fault = "";
  hasLastPong = false;
  private rest: Buffer = Buffer.alloc(0);
  private readonly answers = new Map<number, Answer>();
  private readonly decoder = new HeaderDecoder({ tableBytesMax: 65_536, listBytesMax: 65_536 });
  private readonly spent = new Map<number, number>();
  private readonly credit = new Map<number, number>();
  private initialWindow = firstWindowBytes;
  private waiters: (() => void)[] = [];

  read(bytes: Buffer): void {
    const all = Buffer.concat([this.rest, bytes]);
    const { frames, rest } = framesOf(all);
    this.rest = all.subarray(all.length - rest);
    for (const one of frames) this.frame(one);
    this.wake();
  }

  lost(): void {
    if (this.fault === "" && !this.hasLastPong) this.fault = "the connection was closed";
    this.wake();
  }

  hasRoom(streamId: number, bytes: number): boolean {
    if (bytes === 0) return true;
    const [own, all] = [this.left(streamId, this.initialWindow), this.left(0, firstWindowBytes)];
    return bytes <= own && bytes <= all;
  }

  spend(streamId: number, bytes: number): void {
    for (const id of [0, streamId]) this.spent.set(id, (this.spent.get(id) ?? 0) + bytes);
  }

  hasHead(id: number): boolean {
    return this.answers.has(id);
  }

  hasEnd(id: number): boolean {
    return this.answers.get(id)?.notes.includes("end") ?? false;
  }

  /** `200 yes 17 done end`: status, field, bytes, trailer, end, in the order in which they came. */
  shown(id: number): string {
    const answer = this.answers.get(id);
    if (answer === undefined) return "none";
    const [status, ...others] = answer.notes;
    return [status, answer.isRight ? answer.bytes : "other bytes", ...others].join(" ");
  }

  /** Rejects when the server is gone, or stands still. */
  async until(condition: () => boolean): Promise<void> {
    const begun = performance.now();
    while (!condition()) {
      if (this.fault !== "") throw new Error(`Node: ${this.fault}`);
      if (performance.now() - begun > patienceMs) throw new Error("Node stands still");
      await this.change();
    }
  }

  /** Something has come, or a moment has passed. */
  async change(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.waiters.push(resolve);
    const timer = setTimeout(resolve, patienceMs);
    await promise;
    clearTimeout(timer);
  }

  wake(): void {
    const { waiters } = this;
    this.waiters = [];
    for (const resolve of waiters) resolve();
  }

  private left(id: number, first: number): number {
    return first + (this.credit.get(id) ?? 0) - (this.spent.get(id) ?? 0);
  }

  private frame({ type, flags, streamId, payload }: Frame): void {
    const endsStream = (flags & 1) === 1;
    switch (type) {
      case 0:
        this.data(streamId, payload);
        if (endsStream) this.answerOf(streamId).notes.push("end");
        break;
      case 1:
        this.headers(streamId, payload);
        if (endsStream) this.answerOf(streamId).notes.push("end");
        break;
      case 3:
        this.answerOf(streamId).notes.push(`reset ${payload.readUInt32BE(0)}`);
        break;
      case 4:
        for (let at = 0; at < payload.length; at += 6) {
          if (payload.readUInt16BE(at) === 4) this.initialWindow = payload.readUInt32BE(at + 2);
        }
        break;
      case 6:
        if (payload.equals(lastPing)) this.hasLastPong = true;
        break;
      case 7:
        this.fault = `GOAWAY ${payload.readUInt32BE(4)} ${payload.subarray(8)}`;
        break;
      case 8:
        this.credit.set(streamId, (this.credit.get(streamId) ?? 0) + payload.readUInt32BE(0));
        break;
      default:
        this.fault = `a frame of type ${type}`;
    }
  }

  private data(id: number, payload: Buffer): void {
    const answer = this.answerOf(id);
    answer.bytes += payload.length;
    answer.isRight &&= payload.every((byte) => byte === (id & 0xff));
  }

  private headers(id: number, block: Buffer): void {
    const decoded = this.decoder.decode(block);
    if (typeof decoded === "string") {
      this.fault = decoded;
      return;
    }
    const known = [":status", "x-answer", "x-trailer"];
    const values = decoded.fields
      .filter(([name]) => known.includes(name))
      .map(([, value]) => value);
    this.answerOf(id).notes.push(values.join(" "));
  }

  private answerOf(id: number): Answer {
    const answer = this.answers.get(id) ?? { notes: [], bytes: 0, isRight: true };
    this.answers.set(id, answer);
    return answer;
  }
}
