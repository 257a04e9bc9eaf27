/** Context keys of an RPC: the client's address, and who it is. */
import { type ContextKey, createContextKey } from "@connectrpc/connect";
import { anyone, type Caller } from "../wire/caller.ts";

/** `address:port` of the client of an RPC. */
export const peerKey: ContextKey<string> = createContextKey("", {
  description: "address:port of the client",
});

/** Who makes the RPC. */
export const callerKey: ContextKey<Caller> = createContextKey(anyone, {
  description: "who makes the RPC",
});
