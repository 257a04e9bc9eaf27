import { create } from "@bufbuild/protobuf";
import {
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type sendUnaryData,
  type status,
} from "@grpc/grpc-js";
import {
  DataService,
  FlowControl,
  type PacketBatch,
  type StreamControl,
  StreamControlSchema,
} from "../../../src/wire/gen/lippycat/data/data_pb.ts";
import {
  type HunterHeartbeat,
  type HunterRegistration,
  ManagementService,
  type ProcessorHeartbeat,
  ProcessorHeartbeatSchema,
  type RegistrationResponse,
  RegistrationResponseSchema,
} from "../../../src/wire/gen/lippycat/management/management_pb.ts";
import { definitionOf } from "../../support/service-definition.ts";

type Stream = ServerDuplexStream<PacketBatch, StreamControl>;

/** A batch as it came, and the number of the stream that it came on. */
export interface Received {
  readonly stream: number;
  readonly batch: PacketBatch;
}

/** What the processor does with a batch. It says nothing by itself. */
export type OnBatch = (batch: PacketBatch, processor: FakeProcessor) => void;

/** A processor in this process that notes what it gets and answers as the test says. */
export class FakeProcessor {
  readonly registrations: HunterRegistration[] = [];
  readonly heartbeats: HunterHeartbeat[] = [];
  readonly received: Received[] = [];
  readonly acked: bigint[] = [];
  streams = 0;
  halfClosed = 0;
  onBatch: OnBatch = (batch, processor) => processor.ack(batch);
  /** Instead of an acceptance. */
  refusal: { readonly code: status; readonly details: string } | undefined;
  rejection = "";
  private server: Server | undefined;
  private stream: Stream | undefined;
  private waiting: { readonly holds: () => boolean; readonly resolve: () => void }[] = [];

  /** Listens on `port`; 0 is any. Returns the port. Without TLS unless `credentials` have it. */
  async start(
    port = 0,
    credentials: ServerCredentials = ServerCredentials.createInsecure(),
  ): Promise<number> {
    const server = new Server({ "grpc.max_receive_message_length": 32 * 1024 * 1024 });
    server.addService(definitionOf(DataService), {
      streamPackets: (call: Stream) => this.accept(call),
    });
    server.addService(definitionOf(ManagementService), {
      registerHunter: (
        call: ServerUnaryCall<HunterRegistration, RegistrationResponse>,
        answer: sendUnaryData<RegistrationResponse>,
      ) => this.register(call.request, answer),
      heartbeat: (call: ServerDuplexStream<HunterHeartbeat, ProcessorHeartbeat>) => {
        call.on("data", (heartbeat: HunterHeartbeat) => {
          this.heartbeats.push(heartbeat);
          call.write(create(ProcessorHeartbeatSchema, { timestampNs: heartbeat.timestampNs }));
          this.notice();
        });
        call.on("end", () => call.end());
        call.on("error", () => {});
      },
    });
    this.server = server;
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    server.bindAsync(`127.0.0.1:${port}`, credentials, (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
    return promise;
  }

  /** As a crash: connections are cut, nothing is answered any more. */
  kill(): void {
    this.server?.forceShutdown();
    this.server = undefined;
    this.stream = undefined;
  }

  ack(batch: PacketBatch, flowControl: FlowControl = FlowControl.FLOW_CONTINUE, error = ""): void {
    this.acked.push(batch.sequence);
    const { sequence } = batch;
    this.stream?.write(create(StreamControlSchema, { ackSequence: sequence, flowControl, error }));
  }

  /** An unprompted signal. */
  signal(flowControl: FlowControl): void {
    this.stream?.write(create(StreamControlSchema, { flowControl }));
  }

  endStream(code: status, details: string): void {
    this.stream?.emit("error", { code, details });
  }

  /** Until `holds`, which is asked after each thing that comes. */
  until(holds: () => boolean): Promise<void> {
    if (holds()) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.waiting.push({ holds, resolve });
    return promise;
  }

  get sequences(): number[] {
    return this.received.map(({ batch }) => Number(batch.sequence));
  }

  /** First four bytes of each packet received, as a number. */
  get numbers(): number[] {
    return this.received.flatMap(({ batch }) =>
      batch.packets.map((packet) => Buffer.from(packet.data).readUInt32BE(0)),
    );
  }

  private register(request: HunterRegistration, answer: sendUnaryData<RegistrationResponse>): void {
    this.registrations.push(request);
    if (this.refusal !== undefined) answer(this.refusal, null);
    else {
      const accepted = this.rejection === "";
      answer(null, create(RegistrationResponseSchema, { accepted, error: this.rejection }));
    }
    this.notice();
  }

  private accept(call: Stream): void {
    this.streams += 1;
    const stream = this.streams;
    this.stream = call;
    call.on("data", (batch: PacketBatch) => {
      this.received.push({ stream, batch });
      this.onBatch(batch, this);
      this.notice();
    });
    call.on("end", () => {
      this.halfClosed += 1;
      call.end();
      this.notice();
    });
    call.on("error", () => {});
    this.notice();
  }

  private notice(): void {
    const due = this.waiting.filter(({ holds }) => holds());
    this.waiting = this.waiting.filter((entry) => !due.includes(entry));
    for (const { resolve } of due) resolve();
  }
}
