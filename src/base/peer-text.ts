/**
 * `address:port` of a client as programs read it: an IPv6 address in brackets, and an IPv4 one without
 * the prefix that it has on a socket for both.
 */
export function peerText(address = "unknown", port = 0): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, "");
  return plain.includes(":") ? `[${plain}]:${port}` : `${plain}:${port}`;
}

/** The address in a `peerText`. */
export function peerAddress(peer: string): string {
  return peer.slice(0, peer.lastIndexOf(":")).replace(/^\[(.*)\]$/, "$1");
}
