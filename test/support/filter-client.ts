/** The RPCs about filters, as the command line and the terminal UI make them. */
import type { DescMethodUnary, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import type * as grpc from "@grpc/grpc-js";
import {
  type FilterSchema,
  ManagementService,
} from "../../src/wire/gen/lippycat/management/management_pb.ts";
import { connect } from "./mock-hunter.ts";
import { unaryRpc } from "./unary-call.ts";

export class FilterClient {
  private readonly client: grpc.Client;

  constructor(address: string, client: grpc.Client = connect(address)) {
    this.client = client;
  }

  /** Rejects with a ConnectError. */
  call<M extends DescMethodUnary>(
    method: M,
    request: MessageInitShape<M["input"]>,
  ): Promise<MessageShape<M["output"]>> {
    return unaryRpc(this.client, method, request);
  }

  /** An enabled SIP user filter, unless told otherwise. */
  async set(id: string, fields: MessageInitShape<typeof FilterSchema> = {}) {
    const filter = { id, pattern: "alice", enabled: true, ...fields };
    return this.call(ManagementService.method.updateFilter, filter);
  }

  async delete(filterId: string) {
    return this.call(ManagementService.method.deleteFilter, { filterId });
  }

  async get(hunterId = "") {
    return (await this.call(ManagementService.method.getFilters, { hunterId })).filters;
  }

  close(): void {
    this.client.close();
  }
}

/** The gRPC status code and text of an RPC that must fail. */
export async function failureOf(
  call: Promise<unknown>,
): Promise<{ code: number; details: string }> {
  try {
    await call;
  } catch (error) {
    const { code, rawMessage } = ConnectError.from(error);
    return { code, details: rawMessage };
  }
  throw new Error("the call succeeded");
}
