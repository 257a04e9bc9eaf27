/** How a service ends its RPC with an error from outside of its own loop. */
import { type ConnectError, type ContextKey, createContextKey } from "@connectrpc/connect";

/** Ends the RPC with a status at once, even while its client reads nothing. */
export const endRpcKey: ContextKey<(reason: ConnectError) => void> = createContextKey(() => {}, {
  description: "ends the RPC",
});
