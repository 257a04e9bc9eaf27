/** Context keys of an RPC: the client's address, and who it is. */
import { type ContextKey, createContextKey } from "@connectrpc/connect";
import { anyone, type Caller } from "../wire/caller.ts";

/** `address:port` of the client of a call. */
export const peerKey: ContextKey<string> = createContextKey("", {
  description: "address:port of the client",
});

/** Who makes the call. */
export const callerKey: ContextKey<Caller> = createContextKey(anyone, {
  description: "who makes the call",
});
