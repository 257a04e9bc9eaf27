/**
 * Live views that look at nothing, so that on a machine shared with the node they cost as little as
 * clients on other machines would: HTTP/2 by hand, windows that never close, every read into one
 * buffer. Run as a process of its own by `live.ts`: address and number of them; ends when it is killed.
 */
import net from "node:net";

const [address = "", count = "1"] = process.argv.slice(2);
const [host = "", port = ""] = address.split(":");
const windowMax = 0x7fffffff;

/** RFC 9113 section 4.1. */
function frame(type, flags, stream, payload) {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

function uint32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** RFC 7541 section 6.2.2: a literal, without indexing, its name from the static table or written out. */
function header(name, value) {
  const named = typeof name === "number" ? [name & 0x0f] : [0, name.length, ...Buffer.from(name)];
  return Buffer.from([...named, value.length, ...Buffer.from(value)]);
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

const buffer = Buffer.alloc(1024 * 1024);
for (let reader = 0; reader < Number(count); reader++) {
  const socket = net.connect({
    host,
    port: Number(port),
    onread: { buffer, callback: () => true },
  });
  socket.on("error", () => process.exit(1));
  socket.write(opening);
}
