/** An address of a socket; an IPv4 one without the prefix that it has on a socket for both versions. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "");
}

/** `address:port` of a client as programs read it: an IPv6 address in brackets. */
export function peerText(address = "unknown", port = 0): string {
  const plain = plainAddress(address);
  return plain.includes(":") ? `[${plain}]:${port}` : `${plain}:${port}`;
}

/** The address in a `peerText`. */
export function peerAddress(peer: string): string {
  return peer.slice(0, peer.lastIndexOf(":")).replace(/^\[(.*)\]$/, "$1");
}
