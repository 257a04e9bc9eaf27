/**
 * Many hunters, each with a connection and a name of its own, that send the same packets. Run as a
 * process of its own by `crowd.ts`: address, body, number of hunters. Prints the batches acknowledged.
 */
import { readFileSync } from "node:fs";
import http2 from "node:http2";

const [address = "", bodyPath = "", count = "100"] = process.argv.slice(2);
const body = readFileSync(bodyPath);
const name = Buffer.from("bench-hunter");
const offsets: number[] = [];
for (let at = 0; at < body.length; at += 5 + body.readUInt32BE(at + 1)) offsets.push(at);

async function hunt(number: number): Promise<number> {
  const session = http2.connect(`http://${address}`);
  const stream = session.request({
    ":method": "POST",
    ":path": "/lippycat.data.DataService/StreamPackets",
    "content-type": "application/grpc",
    te: "trailers",
  });
  let acknowledged = 0;
  let rest = Buffer.alloc(0);
  stream.on("data", (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 5 && rest.length >= 5 + rest.readUInt32BE(1)) {
      // What begins with another field than ack_sequence is a signal.
      if (rest.readUInt32BE(1) > 0 && rest[5] === 0x08) acknowledged++;
      rest = rest.subarray(5 + rest.readUInt32BE(1));
    }
  });
  const ended = new Promise<void>((resolve) => stream.on("close", resolve));
  const own = Buffer.from(`bench-${String(number).padStart(6, "0")}`);
  for (const [index, at] of offsets.entries()) {
    const end = offsets[index + 1] ?? body.length;
    const message = Buffer.from(body.subarray(at, end));
    // Same length, so nothing else changes.
    own.copy(message, message.indexOf(name));
    if (!stream.write(message)) await new Promise<void>((resolve) => stream.once("drain", resolve));
  }
  stream.end();
  await ended;
  session.destroy();
  return acknowledged;
}

const all = await Promise.all(Array.from({ length: Number(count) }, (_, number) => hunt(number)));
console.log(JSON.stringify({ acknowledged: all.reduce((sum, one) => sum + one, 0) }));
process.exit(0);
