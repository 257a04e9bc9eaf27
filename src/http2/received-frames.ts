/** What each frame that a connection receives means for it (RFC 9113 section 6). */
import { limits } from "../config/limits.ts";
import type { Http2Connection } from "./connection.ts";
import type { FrameSink } from "./frame-reader.ts";
import { type HeaderBlock, HeaderBlocks } from "./header-blocks.ts";
import { encodeHeaders } from "./header-encoder.ts";
import { contentLength, readRequest, readResponse, readTrailers } from "./header-list.ts";
import type { Http2Stream } from "./http2-stream.ts";
import { errorCode, flag, frameType, type Http2Fault, windowBytesMax } from "./protocol.ts";
import { readSettings } from "./settings.ts";

/** A header list above the limit (RFC 6585 section 5). */
const tooLongBlock = encodeHeaders([[":status", "431"]]);

export class ReceivedFrames implements FrameSink {
  private readonly connection: Http2Connection;
  private readonly blocks = new HeaderBlocks();
  private greeted = false;
  /** What the peer may send on the whole connection. */
  private window: number = limits.connectionWindowBytes;
  /** The stream of the DATA frame under way, unless its data means nothing. */
  private current: Http2Stream | undefined = undefined;
  private currentId = 0;
  private currentBytes = 0;

  constructor(connection: Http2Connection) {
    this.connection = connection;
  }

  frame(
    type: number,
    flags: number,
    streamId: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): Http2Fault | undefined {
    if (!this.greeted && type !== frameType.settings) return protocolFault("no SETTINGS first");
    if (this.blocks.isOpen && type !== frameType.continuation) return interrupted;
    switch (type) {
      case frameType.headers:
        if (streamId === 0) return protocolFault("HEADERS without a stream");
        return this.onBlock(this.blocks.begin(streamId, flags, bytes, start, end));
      case frameType.continuation:
        return this.onBlock(this.blocks.goOn(streamId, flags, bytes, start, end));
      case frameType.priority:
        return this.onPriority(streamId, bytes, start, end);
      case frameType.rstStream:
        return this.onReset(streamId, bytes, start, end);
      case frameType.settings:
        return this.onSettings(flags, streamId, bytes, start, end);
      case frameType.pushPromise:
        return protocolFault("PUSH_PROMISE, which is switched off");
      case frameType.ping:
        return this.onPing(flags, streamId, bytes, start, end);
      case frameType.goaway:
        return this.onGoaway(streamId, bytes, start, end);
      case frameType.windowUpdate:
        return this.onWindowUpdate(streamId, bytes, start, end);
      default:
        return this.connection.guard.spend("unknownFrames");
    }
  }

  dataBegins(streamId: number, length: number): Http2Fault | undefined {
    if (!this.greeted) return protocolFault("no SETTINGS first");
    if (this.blocks.isOpen) return interrupted;
    const { streams, output } = this.connection;
    this.window -= length;
    if (this.window < 0) return flowFault("more data than the window of the connection");
    if (this.window * 2 < limits.connectionWindowBytes) {
      // On receipt: what waits is bounded by the windows of the streams.
      output.windowUpdate(0, limits.connectionWindowBytes - this.window);
      this.window = limits.connectionWindowBytes;
    }
    const stream = streams.get(streamId);
    this.currentBytes = 0;
    this.current = stream;
    this.currentId = streamId;
    if (stream === undefined) return this.strayData(streamId);
    if (stream.remoteEnded) return this.drop(stream, errorCode.streamClosed);
    if (!stream.hasHead) return protocolFault("DATA before HEADERS");
    if (!stream.window.receive(length)) return this.drop(stream, errorCode.flowControlError);
    return undefined;
  }

  data(bytes: Buffer, start: number, end: number): Http2Fault | undefined {
    this.currentBytes += end - start;
    this.current?.take(bytes, start, end);
    return undefined;
  }

  dataEnds(endsStream: boolean, padding: number): Http2Fault | undefined {
    const stream = this.current;
    this.current = undefined;
    // Less than a gRPC message has before its first byte.
    if (this.currentBytes < 5 && !endsStream) {
      const fault = this.connection.guard.spend("emptyData");
      if (fault !== undefined) return fault;
    }
    if (stream === undefined || stream.isClosed) {
      if (endsStream) this.connection.streams.forget(this.currentId);
      return undefined;
    }
    stream.done(padding);
    if (stream.expectedBytes >= 0) {
      stream.expectedBytes -= this.currentBytes;
      if (stream.expectedBytes < 0) return this.drop(stream, errorCode.protocolError);
    }
    return endsStream ? this.remoteEnds(stream) : undefined;
  }

  private strayData(streamId: number): Http2Fault | undefined {
    const { streams } = this.connection;
    if (streamId === 0) return protocolFault("DATA without a stream");
    if (streams.isIdle(streamId)) return protocolFault("DATA of a stream that is idle");
    if (streams.wasCut(streamId)) return undefined;
    return this.refuse(streamId, errorCode.streamClosed);
  }

  /** Resets a stream because of what the peer sent. */
  private drop(stream: Http2Stream, code: number): Http2Fault | undefined {
    this.current = undefined;
    this.connection.reset(stream, code);
    return this.connection.guard.spend("faults");
  }

  private refuse(streamId: number, code: number): Http2Fault | undefined {
    this.connection.resetId(streamId, code);
    this.connection.streams.remember(streamId);
    return this.connection.guard.spend("faults");
  }

  private remoteEnds(stream: Http2Stream): Http2Fault | undefined {
    if (stream.expectedBytes > 0) return this.drop(stream, errorCode.protocolError);
    stream.takeEnd();
    if (stream.localEnded && !stream.isClosed) this.connection.close(stream, undefined, false);
    return undefined;
  }

  private onBlock(block: HeaderBlock | Http2Fault | undefined): Http2Fault | undefined {
    if (block === undefined || "code" in block) return block;
    const decoded = this.connection.decoder.decode(block.bytes);
    if (typeof decoded === "string") {
      return { code: errorCode.compressionError, reason: decoded };
    }
    const { streamId, endsStream } = block;
    const { streams, options, guard } = this.connection;
    // Read to its end for the sake of the table, whatever becomes of its stream.
    const fault = decoded.isTooLong ? guard.spend("headerLists") : undefined;
    if (fault !== undefined) return fault;
    const stream = streams.get(streamId);
    if (stream !== undefined) {
      if (stream.remoteEnded) return this.drop(stream, errorCode.streamClosed);
      const isHead = !stream.hasHead;
      if (block.dependsOnItself || decoded.isTooLong || (!isHead && !endsStream)) {
        return this.drop(stream, errorCode.protocolError);
      }
      return isHead
        ? this.onResponse(stream, decoded.fields, endsStream)
        : this.onTrailers(stream, decoded.fields);
    }
    if (!streams.isIdle(streamId)) {
      if (streams.wasCut(streamId)) {
        // Trailers, and there is one block of them. Without the end it is none.
        if (!endsStream) return guard.spend("faults");
        streams.forget(streamId);
        return undefined;
      }
      return { code: errorCode.streamClosed, reason: "HEADERS of a stream that is closed" };
    }
    if (options.role === "client" || (streamId & 1) === 0) {
      return protocolFault("HEADERS with a number that the peer may not use");
    }
    streams.lastOfPeer = streamId;
    if (streams.size >= limits.streamsPerConnectionMax) {
      return this.refuse(streamId, errorCode.refusedStream);
    }
    if (block.dependsOnItself) return this.refuse(streamId, errorCode.protocolError);
    return this.onRequest(streamId, decoded.fields, endsStream, decoded.isTooLong);
  }

  private onRequest(
    streamId: number,
    fields: readonly (readonly [string, string])[],
    endsStream: boolean,
    isTooLong: boolean,
  ): Http2Fault | undefined {
    const { connection } = this;
    if (isTooLong) {
      const stream = connection.newStream(streamId);
      stream.hasHead = true;
      stream.remoteEnded = endsStream;
      stream.end(tooLongBlock);
      return undefined;
    }
    const head = readRequest(fields);
    const length = typeof head === "string" ? head : contentLength(head.fields);
    if (typeof head === "string" || typeof length === "string" || (endsStream && length > 0)) {
      return this.refuse(streamId, errorCode.protocolError);
    }
    const stream = connection.newStream(streamId);
    stream.hasHead = true;
    stream.expectedBytes = length;
    if (endsStream) stream.takeEnd();
    connection.guard.earn("priorities", 2);
    connection.options.handler.onStream(stream, head);
    return undefined;
  }

  private onResponse(
    stream: Http2Stream,
    fields: readonly (readonly [string, string])[],
    endsStream: boolean,
  ): Http2Fault | undefined {
    const head = readResponse(fields);
    if (typeof head === "string") return this.drop(stream, errorCode.protocolError);
    // Interim responses are of no use to anybody here (RFC 9110 section 15.2).
    if (head.status < 200) {
      return endsStream ? this.drop(stream, errorCode.protocolError) : undefined;
    }
    stream.hasHead = true;
    stream.takeHead(head);
    return endsStream && !stream.isClosed ? this.remoteEnds(stream) : undefined;
  }

  private onTrailers(
    stream: Http2Stream,
    fields: readonly (readonly [string, string])[],
  ): Http2Fault | undefined {
    const trailers = readTrailers(fields);
    if (typeof trailers === "string") return this.drop(stream, errorCode.protocolError);
    stream.takeTrailers(trailers);
    return stream.isClosed ? undefined : this.remoteEnds(stream);
  }

  private onPriority(
    streamId: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): Http2Fault | undefined {
    if (streamId === 0) return protocolFault("PRIORITY without a stream");
    const { streams, guard } = this.connection;
    if (end - start !== 5) {
      return { code: errorCode.frameSizeError, reason: "PRIORITY of another size than 5" };
    }
    const dependsOnItself = (bytes.readUInt32BE(start) & 0x7fff_ffff) === streamId;
    if (dependsOnItself) {
      const stream = streams.get(streamId);
      if (stream !== undefined) return this.drop(stream, errorCode.protocolError);
      return protocolFault("a stream that depends on itself");
    }
    return guard.spend("priorities");
  }

  private onReset(
    streamId: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): Http2Fault | undefined {
    if (end - start !== 4) {
      return { code: errorCode.frameSizeError, reason: "RST_STREAM of another size than 4" };
    }
    const { connection } = this;
    if (streamId === 0 || connection.streams.isIdle(streamId)) {
      return protocolFault("RST_STREAM of no stream");
    }
    const stream = connection.streams.get(streamId);
    if (stream !== undefined) connection.close(stream, bytes.readUInt32BE(start), false);
    return connection.guard.spend("resets");
  }

  private onSettings(
    flags: number,
    streamId: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): Http2Fault | undefined {
    if (streamId !== 0) return protocolFault("SETTINGS of a stream");
    const { connection } = this;
    if ((flags & flag.ack) !== 0) {
      if (end > start) {
        return { code: errorCode.frameSizeError, reason: "an acknowledgement with settings" };
      }
      if (!this.greeted) return protocolFault("no SETTINGS first");
      connection.answered();
      return connection.guard.spend("settings");
    }
    const before = connection.peer.initialWindowBytes;
    const fault = readSettings(connection.peer, bytes, start, end);
    if (fault !== undefined) return fault;
    const difference = connection.peer.initialWindowBytes - before;
    if (difference !== 0) {
      // RFC 9113 section 6.9.2: open streams get the difference, which may leave them below 0.
      for (const stream of connection.streams.values()) {
        stream.sendWindow += difference;
        if (stream.sendWindow > windowBytesMax) return flowFault("a window above 2^31-1");
        if (difference > 0 && stream.queue.head !== undefined) connection.sender.wake(stream);
      }
    }
    connection.output.frameHeader(0, frameType.settings, flag.ack, 0);
    if (!this.greeted) {
      this.greeted = true;
      connection.options.handler.onGreeted();
    }
    return connection.guard.spend("settings");
  }

  private onPing(
    flags: number,
    streamId: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): Http2Fault | undefined {
    if (streamId !== 0) return protocolFault("PING of a stream");
    if (end - start !== 8) {
      return { code: errorCode.frameSizeError, reason: "PING of another size than 8" };
    }
    const { connection } = this;
    if ((flags & flag.ack) !== 0) {
      connection.answered();
      connection.options.handler.onPong();
      return connection.guard.spend("pings");
    }
    connection.output.frameHeader(8, frameType.ping, flag.ack, 0);
    connection.output.bytes(bytes, start, end);
    return connection.guard.spend("pings");
  }

  private onGoaway(
    streamId: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): Http2Fault | undefined {
    if (streamId !== 0) return protocolFault("GOAWAY of a stream");
    if (end - start < 8)
      return { code: errorCode.frameSizeError, reason: "GOAWAY that is cut off" };
    const { connection } = this;
    const last = bytes.readUInt32BE(start) & 0x7fff_ffff;
    const reason = bytes.toString(
      "latin1",
      start + 8,
      Math.min(end, start + 8 + limits.goawayTextBytesMax),
    );
    connection.left(last);
    connection.options.handler.onGoaway(bytes.readUInt32BE(start + 4), reason);
    return connection.guard.spend("settings");
  }

  private onWindowUpdate(
    streamId: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): Http2Fault | undefined {
    if (end - start !== 4) {
      return { code: errorCode.frameSizeError, reason: "WINDOW_UPDATE of another size than 4" };
    }
    const increment = bytes.readUInt32BE(start) & 0x7fff_ffff;
    const { sender, streams, guard } = this.connection;
    if (streamId === 0) {
      if (increment === 0) return protocolFault("WINDOW_UPDATE by 0");
      if (sender.window + increment > windowBytesMax) return flowFault("a window above 2^31-1");
      sender.open(increment);
      return guard.spend("windowUpdates");
    }
    const stream = streams.get(streamId);
    if (stream === undefined) {
      if (streams.isIdle(streamId)) return protocolFault("WINDOW_UPDATE of a stream that is idle");
      return guard.spend("windowUpdates");
    }
    if (increment === 0) return this.drop(stream, errorCode.protocolError);
    stream.sendWindow += increment;
    if (stream.sendWindow > windowBytesMax) return this.drop(stream, errorCode.flowControlError);
    if (stream.queue.head !== undefined) sender.wake(stream);
    return guard.spend("windowUpdates");
  }
}

const interrupted = protocolFault("another frame in the middle of a header block");

function protocolFault(reason: string): Http2Fault {
  return { code: errorCode.protocolError, reason };
}

function flowFault(reason: string): Http2Fault {
  return { code: errorCode.flowControlError, reason };
}
