// A client on grpc-js, run by Node, for test/interop/grpc-js.test.ts. It checks health, watches a live view,
// sends batches and counts acks. It reads lines of JSON: the address, then batches as base64; `null` is
// the last. It prints lines of JSON: what it is ready for, and at the end what came.
import { createInterface } from "node:readline";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { Client, credentials } from "@grpc/grpc-js";

// A live view that is fewer batches behind has no reason to lose any.
const aheadMax = 50;
const data = "/lippycat.data.DataService/";
const asIs = (bytes) => bytes;
const input = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const nextLine = async () => JSON.parse((await input.next()).value);
const print = (line) => console.log(JSON.stringify(line));

/** Calls `visit` with number and value of each field of one level; numbers, and bytes as they are. */
function fields(message, visit) {
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (type === 0) visit(number, Number(reader.uint64()));
    else if (type === 2) visit(number, reader.bytes());
    else reader.skip(type);
  }
}

const { address, packets } = await nextLine();
const client = new Client(address, credentials.createInsecure());
let sent = 0;
let seen = 0;
let wake = () => {};
const result = { health: 0, acks: [], errors: [], numbers: [], statuses: {} };

await new Promise((resolve, reject) => {
  const empty = Buffer.alloc(0);
  client.makeUnaryRequest("/grpc.health.v1.Health/Check", asIs, asIs, empty, (error, answer) => {
    if (error !== null) return reject(error);
    fields(answer, (number, value) => {
      if (number === 1) result.health = value;
    });
    resolve();
  });
});

const view = client.makeServerStreamRequest(`${data}SubscribePackets`, asIs, asIs, Buffer.alloc(0));
const viewEnded = new Promise((resolve) => {
  view.on("status", ({ code }) => {
    result.statuses.view = code;
    resolve();
  });
});
view.on("error", () => {});
view.on("data", (message) => {
  seen += 1;
  fields(message, (number, packet) => {
    if (number === 4) fields(packet, keepNumber);
  });
  if (result.numbers.length === packets) view.cancel();
  wake();
});

/** Where test/support/numbered-packets.ts has the number of a packet. */
function keepNumber(number, value) {
  if (number === 1) result.numbers.push(Number(Buffer.from(value).readBigUInt64BE(50)));
}

const stream = client.makeBidiStreamRequest(`${data}StreamPackets`, asIs, asIs);
const streamEnded = new Promise((resolve) => {
  stream.on("status", ({ code }) => {
    result.statuses.stream = code;
    resolve();
  });
});
stream.on("error", () => {});
stream.on("data", (message) => {
  fields(message, (number, value) => {
    if (number === 1 && value > 0) result.acks.push(value);
    if (number === 3) result.errors.push(Buffer.from(value).toString());
  });
});
await new Promise((resolve) => view.on("metadata", resolve));
print({ event: "watching" });
for (let batch = await nextLine(); batch !== null; batch = await nextLine()) {
  stream.write(Buffer.from(batch, "base64"));
  sent += 1;
  while (sent - seen > aheadMax) await new Promise((resolve) => (wake = resolve));
}
stream.end();
await Promise.all([streamEnded, viewEnded]);
print(result);
client.close();
process.exit(0);
