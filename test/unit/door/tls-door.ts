/** A door with TLS and what clients of it need. */
import tls from "node:tls";
import type { ServerCredentials } from "../../../src/credentials/server-credentials.ts";
import type { KeyPair } from "../../support/certificates.ts";
import { makeAuthority } from "../../support/certificates.ts";
import { until } from "../../support/record-in-process.ts";
import { type OpenDoor, openDoor } from "./open-door.ts";

/** The authority of the node and of its clients. */
export const authority = makeAuthority("Weir test authority");
export const nodePair = authority.issue({ names: ["localhost"], addresses: ["127.0.0.1"] });

export function credentialsWith(more: Partial<ServerCredentials> = {}): ServerCredentials {
  return {
    certificate: nodePair.certificate,
    key: nodePair.key,
    authorities: authority.certificate,
    clientAuth: true,
    minVersion: "1.3",
    ...more,
  };
}

export interface TlsDoor extends OpenDoor {
  /** What the door noted of handshakes. */
  readonly notes: string[];
}

export async function openTlsDoor(more: Partial<ServerCredentials> = {}): Promise<TlsDoor> {
  const notes: string[] = [];
  const opened = await openDoor({
    credentials: credentialsWith(more),
    note: (_event, message) => notes.push(message),
  });
  return { ...opened, notes };
}

/** Connects, waits for the door to let it in or to close it; what the client was told. */
export async function knock(
  port: number,
  pair: KeyPair | undefined,
  options: tls.ConnectionOptions = {},
): Promise<{ readonly error: string; readonly isOpen: boolean; readonly socket: tls.TLSSocket }> {
  let error = "";
  let closed = false;
  let greeted = false;
  const socket = tls.connect({
    port,
    host: "127.0.0.1",
    ca: authority.certificate,
    ALPNProtocols: ["h2"],
    ...(pair === undefined ? {} : { cert: pair.certificate, key: pair.key }),
    ...options,
  });
  socket.on("error", (thrown: Error & { code?: string }) => {
    error = thrown.code ?? thrown.message;
  });
  socket.on("close", () => {
    closed = true;
  });
  // In TLS 1.3 a client is done before the server has judged it: HTTP/2's SETTINGS say that it is in.
  socket.on("data", () => {
    greeted = true;
  });
  await until(() => closed || greeted);
  return { error, isOpen: !closed, socket };
}
