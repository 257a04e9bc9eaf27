/**
 * `lippycat.management.ManagementService`: registration, heartbeats, and a list of filters that is
 * empty (contract.md 1.4 to 1.6).
 */
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { limits } from "../config/limits.ts";
import type { Roster } from "../roster/roster.ts";
import {
  type ManagementService,
  ProcessorStatus,
} from "../wire/gen/lippycat/management/management_pb.ts";
import { peerKey } from "./peer.ts";

export interface ManagementOptions {
  readonly processorId: string;
  readonly roster: Roster;
  readonly huntersMax: number;
  /** True while the node cannot record what it receives. */
  readonly troubled: () => boolean;
}

/** What the existing hunters are told; they ignore it (contract.md section 2.1). */
const hunterConfig = {
  batchSize: 64,
  batchTimeoutMs: 100,
  reconnectIntervalSec: 5,
  maxReconnectAttempts: 0,
} as const;

type Management = Pick<
  ServiceImpl<typeof ManagementService>,
  "registerHunter" | "heartbeat" | "subscribeFilters"
>;

export function createManagement(options: ManagementOptions): Management {
  const { processorId, roster, huntersMax } = options;
  return {
    registerHunter(request, context) {
      const { hunterId, hostname, interfaces, version } = request;
      checkHunterId(hunterId);
      checkTexts([hostname, version, ...interfaces]);
      const remoteAddress = context.values.get(peerKey);
      if (!roster.register({ id: hunterId, hostname, interfaces, version, remoteAddress })) {
        throw new ConnectError(
          `this processor takes at most ${huntersMax} hunters (--max-hunters)`,
          Code.ResourceExhausted,
        );
      }
      return {
        accepted: true,
        assignedId: hunterId,
        filters: [],
        config: { ...hunterConfig, processorId },
      };
    },

    async *heartbeat(requests, context) {
      const peer = context.values.get(peerKey);
      for await (const beat of requests) {
        checkHunterId(beat.hunterId);
        roster.heartbeat(beat.hunterId, beat.status, peer);
        yield {
          timestampNs: beat.timestampNs,
          status: options.troubled()
            ? ProcessorStatus.PROCESSOR_ERROR
            : ProcessorStatus.PROCESSOR_HEALTHY,
          huntersConnected: roster.size,
          processorId,
        };
      }
    },

    // Open until the client or the node ends it: existing hunters reconnect at once when this call
    // ends, also with UNIMPLEMENTED (contract.md section 2.1).
    subscribeFilters: (_request, { signal }) => nothingUntil(signal),
  };
}

/** Yields nothing, and is over when the signal is given. */
function nothingUntil(signal: AbortSignal): AsyncIterable<never> {
  const over = new Promise<IteratorReturnResult<undefined>>((resolve) => {
    const end = () => resolve({ done: true, value: undefined });
    if (signal.aborted) end();
    else signal.addEventListener("abort", end, { once: true });
  });
  return { [Symbol.asyncIterator]: () => ({ next: () => over }) };
}

/** The roster keeps them for as long as the hunter is known. */
function checkTexts(texts: readonly string[]): void {
  let bytes = 0;
  // Each counts for more than its characters: empty names take memory, too.
  for (const text of texts) bytes += Buffer.byteLength(text, "utf8") + 8;
  if (bytes <= limits.registrationBytesMax) return;
  throw new ConnectError(
    `hostname, version and interfaces are too long: at most ${limits.registrationBytesMax} bytes`,
    Code.InvalidArgument,
  );
}

function checkHunterId(id: string): void {
  if (id === "") throw new ConnectError("hunter_id is empty", Code.InvalidArgument);
  const bytes = Buffer.byteLength(id, "utf8");
  if (bytes > limits.hunterIdBytesMax) {
    throw new ConnectError(
      `hunter_id is ${bytes} bytes long; the most is ${limits.hunterIdBytesMax}`,
      Code.InvalidArgument,
    );
  }
}
