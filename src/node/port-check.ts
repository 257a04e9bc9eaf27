/** Binds the port once without sharing it, so that "port in use" is an error and `:0` is one port. */
import { lookup } from "node:dns/promises";
import net from "node:net";
import { errorText, systemCode, WeirError } from "../base/errors.ts";
import type { Endpoint } from "../config/endpoint.ts";
import { limits } from "../config/limits.ts";
import { showEndpoint } from "../config/parse-endpoint.ts";

export interface ClaimedPort {
  readonly endpoint: Endpoint;
  /** Lets another node have it. The end of the process does the same. */
  release(): void;
}

/** The host and port that the shards shall share. Throws `port-in-use` or `address-unusable`. */
export async function claimPort(listen: Endpoint): Promise<ClaimedPort> {
  if (listen.port === 0) return claimFreePort(listen);
  // The name first: whoever has it is not disturbed by the bind of one who comes too late.
  const release = await holdName(listen);
  try {
    return { endpoint: await findEndpoint(listen), release };
  } catch (error) {
    release();
    throw error;
  }
}

async function claimFreePort(listen: Endpoint): Promise<ClaimedPort> {
  for (let attempt = 1; ; attempt++) {
    const endpoint = await findEndpoint(listen);
    try {
      return { endpoint, release: await holdName(endpoint) };
    } catch (error) {
      // Another node was given the same one and has not yet begun to listen.
      if (attempt === limits.freePortAttemptsMax) throw error;
    }
  }
}

async function findEndpoint(listen: Endpoint): Promise<Endpoint> {
  if (listen.host !== "") {
    await checkName(listen);
    return bindOnce(listen);
  }
  try {
    return await bindOnce({ host: "::", port: listen.port });
  } catch (error) {
    // A machine without IPv6 has no "::".
    if (error instanceof WeirError && error.code === "address-unusable") {
      return bindOnce({ host: "0.0.0.0", port: listen.port });
    }
    throw error;
  }
}

/** A bind to a name that is not known fails without a code that says so. */
async function checkName(listen: Endpoint): Promise<void> {
  if (net.isIP(listen.host) !== 0) return;
  try {
    await lookup(listen.host);
  } catch (error) {
    throw bindError(listen, error);
  }
}

function bindOnce({ host, port }: Endpoint): Promise<Endpoint> {
  const server = net.createServer();
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(bindError({ host, port }, error)));
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address();
      const bound = typeof address === "object" && address !== null ? address.port : port;
      server.close(() => resolve({ host, port: bound }));
    });
  });
}

/**
 * Between the one bind and the shards' own, another node that starts at the same moment may do the
 * same, and both would share the port without a word. So a node also holds a name: an abstract socket
 * (unix(7)), which like a port belongs to the network namespace and is gone with its process.
 */
function holdName(endpoint: Endpoint): Promise<() => void> {
  if (process.platform !== "linux") return Promise.resolve(() => {});
  const server = net.createServer((socket) => socket.destroy());
  server.unref();
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      if (systemCode(error) === "EADDRINUSE") reject(bindError(endpoint, error));
      // Where such names cannot be had the first bind is all there is.
      else resolve(() => {});
    });
    const release = () => void server.close();
    server.listen({ path: `\0weir ${showEndpoint(endpoint)}` }, () => resolve(release));
  });
}

/** The system's answer to a listen, in words that name the way out. */
export function bindError(listen: Endpoint, cause: unknown): WeirError {
  const place = showEndpoint(listen);
  const code = systemCode(cause);
  if (code === "EADDRINUSE") {
    return new WeirError(
      "port-in-use",
      `${place} is in use by another program; choose another port with --listen, or stop that program`,
      { cause },
    );
  }
  const reasons: Record<string, string> = {
    EADDRNOTAVAIL: "this machine has no such address",
    EACCES: "ports below 1024 need the privilege to bind them",
    ENOTFOUND: "there is no host of that name",
    EAI_NONAME: "there is no host of that name",
    EAI_NODATA: "the host of that name has no address",
    ENODATA: "the host of that name has no address",
    EAI_AGAIN: "the name servers do not answer",
    EAFNOSUPPORT: "this machine does not support that kind of address",
  };
  const reason = reasons[code] ?? errorText(cause);
  return new WeirError("address-unusable", `cannot listen on ${place}: ${reason} (--listen)`, {
    cause,
  });
}
