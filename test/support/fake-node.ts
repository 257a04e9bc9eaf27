/** A node in this process that answers the questions of clients from memory, as the test says. */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
  type status,
} from "@grpc/grpc-js";
import {
  type Filter,
  type FilterDeleteRequest,
  FilterResponseSchema,
  FilterUpdateResultSchema,
  ManagementService,
  StatusResponseSchema,
  TopologyResponseSchema,
} from "../../src/wire/gen/lippycat/management/management_pb.ts";
import {
  MonitoringService,
  NodeStatusSchema,
} from "../../src/wire/gen/lippycat/monitoring/monitoring_pb.ts";
import { definitionOf } from "./service-definition.ts";

const { method } = ManagementService;
const methods = [
  method.getFilters,
  method.updateFilter,
  method.deleteFilter,
  method.getHunterStatus,
  method.getTopology,
  MonitoringService.method.getNodeStatus,
] as const;
type MethodName = (typeof methods)[number]["name"];

interface Refusal {
  readonly code: status;
  readonly details: string;
}

type Body = (request: unknown) => object | Refusal;

export class FakeNode {
  filters = new Map<string, Filter>();
  status: MessageInitShape<typeof StatusResponseSchema> = {};
  /** Undefined: it has no monitoring service. */
  nodeStatus: MessageInitShape<typeof NodeStatusSchema> | undefined;
  topology: MessageInitShape<typeof TopologyResponseSchema> = {};
  /** Of each change. */
  huntersUpdated = 2;
  /** Instead of an answer, for the ids that are listed; "" is for every call. */
  readonly refusals = new Map<string, Refusal>();
  /** Instead of success of a change: the words of a result that says no. */
  failure = "";
  /** Calls are taken and never answered. */
  silent = false;
  /** What was asked, in order. */
  readonly asked: {
    readonly method: MethodName;
    readonly request: unknown;
    /** The API key that came with it. */
    readonly apiKey: string;
    /** The name that it was asked by. */
    readonly authority: string;
  }[] = [];
  private readonly server = new Server({ "grpc.max_send_message_length": -1 });
  private readonly bodies: Record<string, Body> = {
    GetFilters: () => create(FilterResponseSchema, { filters: [...this.filters.values()] }),
    UpdateFilter: (request) => this.update(request as Filter),
    DeleteFilter: (request) => this.remove(request as FilterDeleteRequest),
    GetHunterStatus: () => create(StatusResponseSchema, this.status),
    GetNodeStatus: () =>
      this.nodeStatus === undefined
        ? { code: 12, details: "no such call" }
        : create(NodeStatusSchema, this.nodeStatus),
    GetTopology: () => create(TopologyResponseSchema, this.topology),
  };
  port = 0;

  /** Listens on a free port of loopback, without TLS unless `credentials` have it. */
  static async start(
    credentials: ServerCredentials = ServerCredentials.createInsecure(),
    host = "127.0.0.1",
  ): Promise<FakeNode> {
    const node = new FakeNode();
    for (const service of [ManagementService, MonitoringService]) {
      const own = methods.filter(({ parent }) => parent.typeName === service.typeName);
      const handlers = own.map(({ name, localName }) => [localName, node.handler(name)]);
      node.server.addService(definitionOf(service), Object.fromEntries(handlers));
    }
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    node.server.bindAsync(`${host}:0`, credentials, (error, port) => {
      if (error === null) resolve(port);
      else reject(error);
    });
    node.port = await promise;
    return node;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  stop(): void {
    this.server.forceShutdown();
  }

  private handler(name: MethodName) {
    return (call: ServerUnaryCall<unknown, object>, answer: sendUnaryData<object>): void => {
      const apiKey = String(call.metadata.get("x-api-key")[0] ?? "");
      const { request } = call;
      this.asked.push({ method: name, request, apiKey, authority: call.getHost() });
      if (this.silent) return;
      const refusal = this.refusals.get("");
      const result = refusal ?? this.bodies[name]?.(call.request) ?? {};
      if ("code" in result) answer(result as Refusal, null);
      else answer(null, result);
    };
  }

  private update(filter: Filter): object | Refusal {
    const refusal = this.refusals.get(filter.id);
    if (refusal !== undefined) return refusal;
    if (this.failure === "") this.filters.set(filter.id, filter);
    return this.result();
  }

  private remove({ filterId }: FilterDeleteRequest): object | Refusal {
    const refusal = this.refusals.get(filterId);
    if (refusal !== undefined) return refusal;
    if (!this.filters.delete(filterId)) return { code: 5, details: `no filter ${filterId}` };
    return this.result();
  }

  private result(): object {
    return create(FilterUpdateResultSchema, {
      success: this.failure === "",
      error: this.failure,
      huntersUpdated: this.failure === "" ? this.huntersUpdated : 0,
    });
  }
}
