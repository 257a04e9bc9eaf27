/** Context key with which a service ends its RPC while the client reads nothing. */
import { type ConnectError, type ContextKey, createContextKey } from "@connectrpc/connect";

/** Ends the call with a status at once, even while its client reads nothing. */
export const endCallKey: ContextKey<(reason: ConnectError) => void> = createContextKey(() => {}, {
  description: "ends the call",
});
