import { type ContextKey, createContextKey } from "@connectrpc/connect";

/** `address:port` of the client of a call. */
export const peerKey: ContextKey<string> = createContextKey("", {
  description: "address:port of the client",
});
