/** The management calls of a hunter, on a connection of their own as the existing hunters have it. */
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import type * as grpc from "@grpc/grpc-js";
import {
  HunterHeartbeatSchema,
  HunterRegistrationSchema,
  type ProcessorHeartbeat,
  ProcessorHeartbeatSchema,
  type RegistrationResponse,
  RegistrationResponseSchema,
} from "../../src/wire/gen/lippycat/management/management_pb.ts";
import { connect } from "./mock-hunter.ts";

const service = "/lippycat.management.ManagementService";
const bytes = (message: Buffer): Buffer => message;

export class ManagementClient {
  readonly client: grpc.Client;
  private beats: grpc.ClientDuplexStream<Buffer, Buffer> | undefined = undefined;

  constructor(address: string, client: grpc.Client = connect(address)) {
    this.client = client;
  }

  /** Rejects with a `ServiceError`. */
  async register(
    fields: MessageInitShape<typeof HunterRegistrationSchema>,
  ): Promise<RegistrationResponse> {
    const request = toBinary(HunterRegistrationSchema, create(HunterRegistrationSchema, fields));
    return fromBinary(RegistrationResponseSchema, await this.unary("RegisterHunter", request));
  }

  /** Any unary call of the service by its name or by its whole path. */
  unary(method: string, request: Uint8Array): Promise<Buffer> {
    const path = method.startsWith("/") ? method : `${service}/${method}`;
    return new Promise((resolve, reject) => {
      this.client.makeUnaryRequest(path, bytes, bytes, Buffer.from(request), (error, answer) => {
        if (error !== null) reject(error);
        else resolve(answer ?? Buffer.alloc(0));
      });
    });
  }

  /** Sends one heartbeat on a stream that stays open, and waits for its answer. */
  heartbeat(fields: MessageInitShape<typeof HunterHeartbeatSchema>): Promise<ProcessorHeartbeat> {
    this.beats ??= this.client.makeBidiStreamRequest(`${service}/Heartbeat`, bytes, bytes);
    const { beats } = this;
    return new Promise((resolve, reject) => {
      const onData = (message: Buffer): void => {
        beats.off("error", reject);
        resolve(fromBinary(ProcessorHeartbeatSchema, message));
      };
      beats.once("data", onData);
      beats.once("error", reject);
      const request = toBinary(HunterHeartbeatSchema, create(HunterHeartbeatSchema, fields));
      beats.write(Buffer.from(request));
    });
  }

  close(): void {
    this.beats?.on("error", () => {});
    this.beats?.cancel();
    this.client.close();
  }
}
