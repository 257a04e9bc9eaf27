/** One stream of messages both ways: events of grpc-js on one side, async iterables on the other. */
import { ConnectError } from "@connectrpc/connect";
import { type ClientDuplexStream, status } from "@grpc/grpc-js";
import { errorOfAbort, errorOfStatus } from "./rpc-error.ts";
import { addMetadata } from "./rpc-headers.ts";

/**
 * Iterates over the messages that come, those before a failure first. `next()` rejects with a
 * ConnectError when the RPC failed, was aborted, or when what is sent could not be made.
 */
export class StreamRpc<I, O> implements AsyncIterableIterator<O> {
  /** Filled when headers and trailers come. */
  readonly headers: { readonly header: Headers; readonly trailer: Headers };
  /** Resolves when the headers have come. Rejects when the RPC fails before. */
  readonly opened: Promise<void>;
  private readonly call: ClientDuplexStream<I, O>;
  private ended = false;
  /** Nothing is read any more. */
  private left = false;
  private failure: ConnectError | undefined;
  private readers: (() => void)[] = [];
  private resumeWriting: () => void = () => {};
  private closeInput: () => void = () => {};

  /** An abort of `signal` cancels the call. */
  constructor(call: ClientDuplexStream<I, O>, signal: AbortSignal | undefined) {
    this.call = call;
    this.headers = { header: new Headers(), trailer: new Headers() };
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.opened = promise;
    const abort = (): void => {
      if (signal !== undefined) this.cancel(errorOfAbort(signal));
    };
    signal?.addEventListener("abort", abort);
    call.on("metadata", (metadata) => {
      addMetadata(this.headers.header, metadata);
      resolve();
    });
    call.on("readable", () => this.wakeReaders());
    call.on("drain", () => this.resumeWriting());
    // The status comes after it and says the same.
    call.on("error", () => {});
    call.on("status", (end) => {
      signal?.removeEventListener("abort", abort);
      addMetadata(this.headers.trailer, end.metadata);
      if (end.code !== status.OK) this.failure ??= errorOfStatus(end, this.headers.header);
      this.ended = true;
      if (this.failure === undefined) resolve();
      else reject(this.failure);
      this.wakeReaders();
      this.resumeWriting();
      this.closeInput();
    });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<O, undefined>> {
    for (;;) {
      if (this.left) return { done: true, value: undefined };
      const message: O | null = this.call.read();
      if (message !== null) return { done: false, value: message };
      if (this.ended) return this.finish();
      const { promise, resolve } = Promise.withResolvers<void>();
      this.readers.push(resolve);
      await promise;
    }
  }

  /** Cancels the RPC, unless it has ended. A `next()` under way is done. */
  async return(): Promise<IteratorResult<O, undefined>> {
    this.left = true;
    this.wakeReaders();
    if (!this.ended) this.call.cancel();
    return { done: true, value: undefined };
  }

  /** Sends what `input` gives, no faster than it is taken, then half-closes. Never rejects. */
  async send<M>(input: AsyncIterable<M>, messageOf: (value: M) => I): Promise<void> {
    const messages = input[Symbol.asyncIterator]();
    this.closeInput = () => void closeQuietly(messages);
    try {
      for (;;) {
        const { done, value } = await messages.next();
        if (this.ended) return;
        if (done === true) break;
        if (!this.call.write(messageOf(value))) await this.writable();
      }
      this.closeInput = () => {};
      this.call.end();
    } catch (error) {
      this.cancel(ConnectError.from(error));
    }
  }

  private finish(): IteratorResult<O, undefined> {
    if (this.failure !== undefined) throw this.failure;
    return { done: true, value: undefined };
  }

  private cancel(reason: ConnectError): void {
    if (this.ended) return;
    this.failure ??= reason;
    this.call.cancel();
  }

  private writable(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.resumeWriting = resolve;
    return promise;
  }

  private wakeReaders(): void {
    const { readers } = this;
    this.readers = [];
    for (const resolve of readers) resolve();
  }
}

/** An input that waits for its next message learns here that none is wanted. */
async function closeQuietly(messages: AsyncIterator<unknown>): Promise<void> {
  try {
    await messages.return?.();
  } catch {
    // It was left already.
  }
}
