/** The services over a roster, as control has them, with a clock that the test moves. */
import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import type { Clock } from "../../../src/base/clock.ts";
import { addRoutes, type Route } from "../../../src/control/dispatch.ts";
import { HunterClaims } from "../../../src/control/hunter-claims.ts";
import { createManagement } from "../../../src/control/management.ts";
import { createMonitoring } from "../../../src/control/monitoring.ts";
import { SubscriberTable } from "../../../src/control/subscriber-table.ts";
import { recorderState } from "../../../src/pipeline/board.ts";
import type { HunterTraffic } from "../../../src/roster/hunter.ts";
import { Roster } from "../../../src/roster/roster.ts";
import {
  HunterRegistrationSchema,
  ManagementService,
} from "../../../src/wire/gen/lippycat/management/management_pb.ts";
import { MonitoringService } from "../../../src/wire/gen/lippycat/monitoring/monitoring_pb.ts";
import { noRules } from "../../support/access-rules.ts";
import { until } from "../../support/record-in-process.ts";
import { type OpenCall, TunnelClient } from "./tunnel-client.ts";

export const managementPath = "/lippycat.management.ManagementService";
export const monitoringPath = "/lippycat.monitoring.MonitoringService";

export class ControlNode {
  nowMs = 50_000;
  recorder: number = recorderState.recording;
  packets = 0;
  readonly roster: Roster;
  readonly subscribers = new SubscriberTable();
  /** May be added to. */
  readonly routes = new Map<string, Route>();
  readonly claims = new HunterClaims(noRules);
  readonly client: TunnelClient;

  constructor(huntersMax = 3) {
    const clock: Clock = {
      monotonicMs: () => this.nowMs,
      wallMs: () => 1_700_000_000_000 + this.nowMs,
      random: () => 0,
    };
    this.roster = new Roster(huntersMax, clock);
    const node = {
      processorId: "node-1",
      roster: this.roster,
      clock,
      recorderState: () => this.recorder,
      packetsReceived: () => this.packets,
    };
    const counts = { received: 9, accepted: 8, rejected: 1, acknowledged: 4, written: 5 };
    const monitoring = createMonitoring({
      node,
      version: "1.2.3",
      startedAtMs: 20_000,
      packets: () => ({ ...counts, inFlight: 2, held: 1, abandoned: 0, deleted: 0 }),
      certificateEndsMs: () => 1_700_000_000_999,
      subscribers: this.subscribers,
      eventCounts: () => ({ "door-connection-closed": 3 }),
    });
    const filtersOf = (hunterId: string) => [{ id: `for ${hunterId}`, pattern: "x" }];
    const management = createManagement({ node, claims: this.claims, huntersMax, filtersOf });
    const { routes } = this;
    addRoutes(routes, ManagementService, management);
    addRoutes(routes, MonitoringService, monitoring);
    this.client = new TunnelClient(routes);
  }

  /** Opens a call with one message. */
  open<In extends DescMessage>(path: string, desc: In, fields: MessageInitShape<In>): OpenCall {
    const call = this.client.open(path, "10.2.2.2:99");
    this.client.send(call, toBinary(desc, create(desc, fields)));
    this.client.post({ kind: "end", id: call.id });
    return call;
  }

  /** A unary call to its end. */
  async call<In extends DescMessage>(
    path: string,
    desc: In,
    fields: MessageInitShape<In>,
  ): Promise<OpenCall> {
    const call = this.open(path, desc, fields);
    await until(() => call.status !== undefined);
    return call;
  }

  /** The answer of a unary call that must succeed. */
  async answer<In extends DescMessage, Out extends DescMessage>(
    path: string,
    [input, output]: readonly [In, Out],
    fields: MessageInitShape<In>,
  ): Promise<MessageShape<Out>> {
    const call = await this.call(path, input, fields);
    if (call.status?.code !== 0) throw new Error(JSON.stringify(call.status));
    return fromBinary(output, call.messages[0] as Uint8Array);
  }

  register(fields: MessageInitShape<typeof HunterRegistrationSchema>): Promise<OpenCall> {
    return this.call(`${managementPath}/RegisterHunter`, HunterRegistrationSchema, fields);
  }

  /** What a shard reports of a hunter: one batch on one open stream, unless told otherwise. */
  received(id: string, more: Partial<HunterTraffic> = {}): void {
    const traffic = { id, packets: 7, bytes: 100, batches: 1, peer: "10.0.0.3:1" };
    this.roster.received(0, { ...traffic, streams: 1, streamsEnded: 0, ...more });
  }

  cancel(call: OpenCall): void {
    this.client.post({ kind: "cancel", id: call.id });
  }
}

/** The messages that a stream has brought so far. */
export function decoded<Out extends DescMessage>(call: OpenCall, desc: Out): MessageShape<Out>[] {
  return call.messages.map((bytes) => fromBinary(desc, bytes));
}
