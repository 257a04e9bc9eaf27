/** The calls about filters, as the command line and the terminal UI make them. */
import {
  create,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import type * as grpc from "@grpc/grpc-js";
import {
  type FilterSchema,
  ManagementService,
} from "../../src/wire/gen/lippycat/management/management_pb.ts";
import { ManagementClient } from "./management-client.ts";

export class FilterClient {
  private readonly management: ManagementClient;

  constructor(address: string, client?: grpc.Client) {
    this.management = new ManagementClient(address, client);
  }

  /** Rejects with a `ServiceError`. */
  async call<M extends DescMethodUnary>(
    method: M,
    request: MessageInitShape<M["input"]>,
  ): Promise<MessageShape<M["output"]>> {
    const message = toBinary(method.input, create(method.input, request));
    const answer = await this.management.unary(method.name, message);
    return fromBinary(method.output, answer) as MessageShape<M["output"]>;
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
    this.management.close();
  }
}

/** The gRPC status code and text of a call that must fail. */
export async function failureOf(
  call: Promise<unknown>,
): Promise<{ code: number; details: string }> {
  try {
    await call;
  } catch (error) {
    const { code, details } = error as { code: number; details: string };
    return { code, details };
  }
  throw new Error("the call succeeded");
}
