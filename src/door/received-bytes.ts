/** Bytes received on a socket, asked of Linux through bun:ffi. */
import { dlopen, ptr } from "bun:ffi";
import type net from "node:net";

/** tcp(7), <linux/tcp.h>: level, option, and where the 64-bit tcpi_bytes_received stands in struct tcp_info. */
const ipprotoTcp = 6;
const tcpInfo = 11;
const bytesReceivedAt = 128;

const libraries = ["libc.so.6", `libc.musl-${process.arch === "x64" ? "x86_64" : "aarch64"}.so.1`];
const info = Buffer.alloc(256);
const length = new Uint32Array(1);
const getsockopt = process.platform === "linux" ? openGetsockopt() : undefined;

/**
 * Payload bytes that the peer of a TCP connection has sent so far and the system has acknowledged,
 * whatever they were: Bun's own count stays 0 for sockets that speak HTTP/2. Undefined where the system
 * does not tell, and when the socket is closed. About a microsecond.
 */
export function receivedBytes(socket: net.Socket): number | undefined {
  const { _handle: handle } = socket as unknown as { readonly _handle?: { readonly fd?: unknown } };
  const fd = handle?.fd;
  if (getsockopt === undefined || typeof fd !== "number" || fd < 0) return undefined;
  length[0] = info.length;
  if (getsockopt(fd, ipprotoTcp, tcpInfo, ptr(info), ptr(length)) !== 0) return undefined;
  return length[0] < bytesReceivedAt + 8
    ? undefined
    : Number(info.readBigUInt64LE(bytesReceivedAt));
}

function openGetsockopt() {
  for (const library of libraries) {
    try {
      const types = { args: ["int", "int", "int", "ptr", "ptr"], returns: "int" } as const;
      return dlopen(library, { getsockopt: types }).symbols.getsockopt;
    } catch {
      // The other C library.
    }
  }
  return undefined;
}
