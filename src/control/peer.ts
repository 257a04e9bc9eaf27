import { type ContextKey, createContextKey } from "@connectrpc/connect";
import type { PeerCertificate } from "../wire/peer-certificate.ts";

/** `address:port` of the client of a call. */
export const peerKey: ContextKey<string> = createContextKey("", {
  description: "address:port of the client",
});

/** The client's certificate, when it was verified. */
export const certificateKey: ContextKey<PeerCertificate | undefined> = createContextKey<
  PeerCertificate | undefined
>(undefined, { description: "certificate of the client" });
