/** Whether this machine has IPv6 on loopback. */
import { networkInterfaces } from "node:os";

/** Containers often have no IPv6, not even on loopback. */
export const hasIpv6: boolean = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .some(({ address }) => address === "::1");
