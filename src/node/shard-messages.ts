/** What control and a shard say to each other, beside the board and the tunnel. */
import type { MessagePort } from "node:worker_threads";
import type { FailureMemory } from "../access/failure-table.ts";
import type { AccessRules } from "../config/access-config.ts";
import type { Endpoint } from "../config/endpoint.ts";
import type { ThreadConfig } from "../config/processor-config.ts";
import type { ServerCredentials } from "../credentials/server-credentials.ts";
import type { SubscriberReport } from "../fanout/subscriber-report.ts";
import type { HunterReport } from "../ingest/hunter-table.ts";
import type { AddressMemory } from "../pipeline/address-counts.ts";
import type { BoardMemory } from "../pipeline/board.ts";
import type { SipReport } from "../sip-calls/sip-sighting.ts";
import type { EventCounts } from "../telemetry/events.ts";
import type { LogRecord } from "../telemetry/log-record.ts";

/** Control → shard, once, as workerData. */
export interface ShardStart {
  readonly shard: number;
  readonly config: ThreadConfig;
  readonly board: BoardMemory;
  readonly addresses: AddressMemory;
  /** The shard's ring to the recorder; undefined when nothing is recorded. */
  readonly ring: SharedArrayBuffer | undefined;
  readonly recordCapacityBytes: number;
  /** Where it listens: what `config.listen` asks for, once its port is known. */
  readonly listen: Endpoint;
  /** What the shard serves TLS with; undefined when it is plain. */
  readonly credentials: ServerCredentials | undefined;
  /** Who may call, and whose keys were wrong lately, over all shards. */
  readonly access: AccessRules;
  readonly failures: FailureMemory;
  /** Over all shards. */
  readonly connectionsMax: number;
  readonly tunnel: MessagePort;
}

/** throw = the loop throws; hang = it turns on the spot; stall = it waits for longer than control lets it. */
export type ShardFault = "throw" | "hang" | "stall";

/** Control → shard. */
export type ShardCommand =
  /** Close the listener, pause the hunters, read until they are quiet, take nothing more. */
  | { readonly kind: "drain" }
  /** The recorder is done: send the last acks, end the streams, close the connections. */
  | { readonly kind: "finish" }
  /** End the packet streams that carry that hunter alone, with UNAVAILABLE. */
  | { readonly kind: "end-hunter"; readonly hunterId: string; readonly reason: string }
  /** What the next TLS handshakes use. */
  | { readonly kind: "credentials"; readonly credentials: ServerCredentials }
  /** Who may call from here on. */
  | { readonly kind: "access"; readonly rules: AccessRules }
  /** The link to another shard, for live views; it replaces the one before. */
  | { readonly kind: "peer"; readonly shard: number; readonly port: MessagePort }
  /** Only in builds with FAULTS: fail as told. */
  | { readonly kind: "fault"; readonly fault: ShardFault };

/** Shard → control. */
export type ShardReport =
  | { readonly kind: "listening" }
  | { readonly kind: "listen-failed"; readonly code: string; readonly message: string }
  /** Four times a second: what the hunters sent since the last one. */
  | { readonly kind: "hunters"; readonly hunters: readonly HunterReport[] }
  /** With it, when there was any: what was seen of calls. */
  | ({ readonly kind: "sip" } & SipReport)
  /** Once a second while there are any, and once more when one has ended. */
  | { readonly kind: "subscribers"; readonly subscribers: readonly SubscriberReport[] }
  /** Once a second, when something was told: how often each event happened since the last one. */
  | { readonly kind: "events"; readonly counts: EventCounts }
  /** Answer to `drain`: everything that was taken is in the ring. */
  | { readonly kind: "drained" }
  /** Answer to `finish`. */
  | { readonly kind: "finished" }
  | { readonly kind: "log"; readonly record: LogRecord };
