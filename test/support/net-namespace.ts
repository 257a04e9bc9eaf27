/** Hosts of their own on this machine, each a network namespace; needs root and iproute2. */

/** Why there are none here; "" when there are. */
export const noNetNamespaces: string = findObstacle();

export class NetNamespace {
  readonly name: string;

  constructor(name: string) {
    this.name = `weir-${process.pid}-${name}`;
    ip("netns", "add", this.name);
    this.ip("link", "set", "lo", "up");
  }

  /** The command to run another under, there. */
  get under(): string[] {
    return ["ip", "netns", "exec", this.name];
  }

  ip(...args: string[]): void {
    ip("-n", this.name, ...args);
  }

  remove(): void {
    Bun.spawnSync(["ip", "netns", "del", this.name]);
  }
}

/** A cable between two hosts. Addresses are of RFC 2544's network for tests, and lead nowhere else. */
export function connectHosts(
  one: NetNamespace,
  other: NetNamespace,
): { readonly address: string; readonly vanish: () => void } {
  one.ip("link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", other.name);
  const ends = [
    [one, "198.18.0.1", "198.18.0.2", "02:00:00:00:00:01", "02:00:00:00:00:02"],
    [other, "198.18.0.2", "198.18.0.1", "02:00:00:00:00:02", "02:00:00:00:00:01"],
  ] as const;
  for (const [host, address, peer, link, peerLink] of ends) {
    host.ip("link", "set", "cable", "address", link, "up");
    host.ip("address", "add", `${address}/30`, "dev", "cable");
    // Known for good: what the other no longer answers to is lost without a word.
    host.ip("neigh", "replace", peer, "lladdr", peerLink, "dev", "cable", "nud", "permanent");
  }
  const vanish = () => other.ip("address", "del", "198.18.0.2/30", "dev", "cable");
  return { address: "198.18.0.1", vanish };
}

function ip(...args: string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(["ip", ...args]);
  if (exitCode !== 0) throw new Error(`ip ${args.join(" ")}: ${stderr.toString()}`);
}

function findObstacle(): string {
  if (process.getuid?.() !== 0) return "network namespaces need root";
  if (Bun.which("ip") === null) return "there is no ip (iproute2)";
  const name = `weir-${process.pid}-probe`;
  const { exitCode } = Bun.spawnSync(["ip", "netns", "add", name]);
  if (exitCode !== 0) return "this container may not make network namespaces";
  Bun.spawnSync(["ip", "netns", "del", name]);
  return "";
}
