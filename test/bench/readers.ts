/**
 * Live views that look at nothing, so that on a machine shared with the node they cost about as little
 * as clients on other machines would: HTTP/2 by hand, windows that never close, and a read that lets the
 * kernel throw the bytes away instead of copying them (MSG_TRUNC, tcp(7); Linux). Run as a process of its
 * own by `live.ts`: address and number of them; ends when it is killed.
 */
import { dlopen, ptr } from "bun:ffi";

const [address = "", count = "1"] = process.argv.slice(2);
const [host = "", port = ""] = address.split(":");
const windowMax = 0x7fffffff;

const { socket, connect, send, recv } = dlopen("libc.so.6", {
  socket: { args: ["int", "int", "int"], returns: "int" },
  connect: { args: ["int", "ptr", "u32"], returns: "int" },
  send: { args: ["int", "ptr", "u64", "int"], returns: "i64" },
  recv: { args: ["int", "ptr", "u64", "int"], returns: "i64" },
}).symbols;
/** From the headers of Linux. */
const inet = 2;
const stream = 1;
const discardNow = 0x20 | 0x40; // MSG_TRUNC | MSG_DONTWAIT

/** RFC 9113 section 4.1. */
function frame(type: number, flags: number, streamId: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** RFC 7541 section 6.2.2: a literal, without indexing, its name from the static table or written out. */
function header(name: number | string, value: string): Buffer {
  const named =
    typeof name === "number" ? [name & 0x0f] : [0, name.length, ...Buffer.from(name, "latin1")];
  return Buffer.from([...named, value.length, ...Buffer.from(value, "latin1")]);
}

const headers = Buffer.concat([
  // :method POST and :scheme http of the static table.
  Buffer.from([0x83, 0x86]),
  header(4, "/lippycat.data.DataService/SubscribePackets"),
  header(1, address),
  header("content-type", "application/grpc"),
  header("te", "trailers"),
]);
const initialWindow = Buffer.concat([Buffer.from([0, 4]), uint32(windowMax)]);
const opening = Buffer.concat([
  Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  frame(4, 0, 0, initialWindow),
  frame(8, 0, 0, uint32(windowMax - 65_535)),
  frame(1, 0x4, 1, headers),
  // One gRPC message, empty: everything of all hunters.
  frame(0, 0x1, 1, Buffer.alloc(5)),
  // The server's SETTINGS are acknowledged, whatever they will be.
  frame(4, 0x1, 0, Buffer.alloc(0)),
]);

/** struct sockaddr_in: family in the machine's order, port and address in the network's. */
const peer = Buffer.alloc(16);
peer.writeUInt16LE(inet, 0);
peer.writeUInt16BE(Number(port), 2);
peer.set(host.split(".").map(Number), 4);

const readers = Array.from({ length: Number(count) }, () => {
  const reader = socket(inet, stream, 0);
  const isOpen = connect(reader, ptr(peer), peer.length) === 0;
  const sent = isOpen ? send(reader, ptr(opening), opening.length, 0) : -1;
  if (Number(sent) !== opening.length) throw new Error(`cannot connect to ${address}`);
  return reader;
});
// As a client that reads as fast as it can: what came within a millisecond is read at once.
for (;;) {
  for (const reader of readers) {
    if (Number(recv(reader, null, 16 * 1024 * 1024, discardNow)) === 0) process.exit(1);
  }
  Bun.sleepSync(1);
}
