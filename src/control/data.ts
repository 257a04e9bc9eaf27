/**
 * What of `lippycat.data.DataService` control answers: telephone calls
 * (docs/wire.md#subscribecorrelatedcalls). Packets do not come here; the shards serve them.
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { limits } from "../config/limits.ts";
import type { Call } from "../sip-calls/call.ts";
import type { CallFeed } from "../sip-calls/call-feed.ts";
import type { CorrelatedCallUpdateSchema, DataService } from "../wire/gen/lippycat/data/data_pb.ts";

type Data = Pick<ServiceImpl<typeof DataService>, "subscribeCorrelatedCalls">;

export function createData(feed: CallFeed): Data {
  return {
    async *subscribeCorrelatedCalls(_request, { signal }) {
      const subscription = feed.subscribe();
      if (subscription === undefined) {
        throw new ConnectError(
          `this node serves correlated calls to at most ${limits.callSubscribersMax} clients`,
          Code.ResourceExhausted,
        );
      }
      try {
        while (!signal.aborted) {
          const call = subscription.next();
          if (call === undefined) await subscription.more(signal);
          else yield describe(call);
        }
      } finally {
        subscription.close();
      }
    },
  };
}

/** `tag_pair` has always two elements: existing clients read both without looking. */
function describe(call: Call): MessageInitShape<typeof CorrelatedCallUpdateSchema> {
  const { id, tagPair, fromUser, toUser, startNs, lastNs, state } = call;
  return {
    correlationId: id,
    tagPair: [...tagPair],
    fromUser,
    toUser,
    legs: Array.from(call.legs.values(), ({ packets, startNs, lastNs, ...leg }) => ({
      ...leg,
      packetCount: Math.min(packets, 0x7fff_ffff),
      startTimeNs: startNs,
      lastSeenNs: lastNs,
    })),
    startTimeNs: startNs,
    lastSeenNs: lastNs,
    state,
  };
}
