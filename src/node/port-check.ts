/** Binds the port once without sharing it, so that "port in use" is an error and `:0` is one port. */
import net from "node:net";
import { errorText, systemCode, WeirError } from "../base/errors.ts";
import type { Endpoint } from "../config/endpoint.ts";
import { showEndpoint } from "../config/parse-endpoint.ts";

/** The host and port that the shards shall share. Throws `port-in-use` or `address-unusable`. */
export async function claimPort(listen: Endpoint): Promise<Endpoint> {
  if (listen.host !== "") return bindOnce(listen);
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

/** The system's answer to a listen, in words that name the way out. */
export function bindError(listen: Endpoint, cause: unknown): WeirError {
  const place = showEndpoint(listen);
  const code = systemCode(cause);
  if (code === "EADDRINUSE") {
    return new WeirError(
      "port-in-use",
      `${place} is in use by another program; choose another with --listen, or stop that one`,
      { cause },
    );
  }
  const reasons: Record<string, string> = {
    EADDRNOTAVAIL: "this machine has no such address",
    EACCES: "ports below 1024 need the privilege to bind them",
    ENOTFOUND: "the name does not resolve",
    EAFNOSUPPORT: "this machine does not have that kind of address",
  };
  const reason = reasons[code] ?? errorText(cause);
  return new WeirError("address-unusable", `cannot listen on ${place}: ${reason} (--listen)`, {
    cause,
  });
}
