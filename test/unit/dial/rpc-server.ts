/** A server of grpc-js in this process that does what a test says, and clients of Connect for it. */
import { ConnectError, createClient, type Transport } from "@connectrpc/connect";
import {
  ChannelCredentials,
  type ChannelOptions,
  Client,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from "@grpc/grpc-js";
import { createGrpcTransport } from "../../../src/dial/transport.ts";
import {
  type FilterRequest,
  type FilterResponse,
  type FilterUpdate,
  type HunterHeartbeat,
  ManagementService,
  type ProcessorHeartbeat,
} from "../../../src/wire/gen/lippycat/management/management_pb.ts";
import { definitionOf } from "../../support/service-definition.ts";

type Unary = ServerUnaryCall<FilterRequest, FilterResponse>;
type Answers = ServerWritableStream<FilterRequest, FilterUpdate>;
export type Both = ServerDuplexStream<HunterHeartbeat, ProcessorHeartbeat>;

/** One RPC of each kind does what a test puts here; without it, nothing. */
export class RpcServer {
  getFilters: (call: Unary, answer: sendUnaryData<FilterResponse>) => void = () => {};
  subscribeFilters: (call: Answers) => void = () => {};
  heartbeat: (call: Both) => void = () => {};
  /** Promises that were rejected and that nobody looked at. */
  readonly unhandled: unknown[] = [];
  private readonly server: Server = new Server({ "grpc.max_send_message_length": -1 });
  private readonly clients: Client[] = [];
  private port = 0;

  static async start(): Promise<RpcServer> {
    const own = new RpcServer();
    process.on("unhandledRejection", own.noteRejection);
    own.server.addService(definitionOf(ManagementService), {
      getFilters: (call: Unary, answer: sendUnaryData<FilterResponse>) =>
        own.getFilters(call, answer),
      subscribeFilters: (call: Answers) => own.subscribeFilters(call.on("error", () => {})),
      heartbeat: (call: Both) => own.heartbeat(call.on("error", () => {})),
    });
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    own.server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(port);
      else reject(error);
    });
    own.port = await promise;
    return own;
  }

  /** As a crash. */
  kill(): void {
    this.server.forceShutdown();
  }

  async stop(): Promise<void> {
    this.closeClients();
    this.kill();
    await Bun.sleep(0);
    process.off("unhandledRejection", this.noteRejection);
  }

  /** A connection of its own. */
  transport(options: ChannelOptions = {}): Transport {
    const client = new Client(`127.0.0.1:${this.port}`, ChannelCredentials.createInsecure(), {
      "grpc.use_local_subchannel_pool": 1,
      "grpc.enable_retries": 0,
      ...options,
    });
    this.clients.push(client);
    return createGrpcTransport(client);
  }

  management(options: ChannelOptions = {}) {
    return createClient(ManagementService, this.transport(options));
  }

  closeClients(): void {
    for (const client of this.clients.splice(0)) client.close();
  }

  private readonly noteRejection = (reason: unknown): void => {
    this.unhandled.push(reason);
  };
}

export async function errorOf(work: Promise<unknown>): Promise<ConnectError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ConnectError)) throw new Error(`no ConnectError: ${String(error)}`);
  return error;
}

export async function listOf<T>(messages: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const message of messages) list.push(message);
  return list;
}

/** Resolves when the server hears that the client has cancelled. */
export function cancelled(call: {
  once(event: "cancelled", listener: () => void): unknown;
}): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  call.once("cancelled", resolve);
  return promise;
}
