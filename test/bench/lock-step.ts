/** A sender in lock-step: one batch, its ack, the next. Run as a process of its own by `run.ts`. */
import { readFileSync } from "node:fs";
import http2 from "node:http2";

const [address = "", bodyPath = "", rounds = "1000"] = process.argv.slice(2);
const body = readFileSync(bodyPath);
const client = http2.connect(`http://${address}`);
const stream = client.request({
  ":method": "POST",
  ":path": "/lippycat.data.DataService/StreamPackets",
  "content-type": "application/grpc",
  te: "trailers",
});

const milliseconds: number[] = [];
let acknowledged = () => {};
let received = Buffer.alloc(0);
stream.on("data", (chunk: Buffer) => {
  received = Buffer.concat([received, chunk]);
  while (received.length >= 5 && received.length >= 5 + received.readUInt32BE(1)) {
    received = received.subarray(5 + received.readUInt32BE(1));
    acknowledged();
  }
});

let at = 0;
for (let round = 0; round < Number(rounds); round++) {
  if (at >= body.length) at = 0;
  const end = at + 5 + body.readUInt32BE(at + 1);
  const message = body.subarray(at, end);
  at = end;
  const begun = performance.now();
  const ack = new Promise<void>((resolve) => {
    acknowledged = resolve;
  });
  stream.write(message);
  await ack;
  milliseconds.push(performance.now() - begun);
}
stream.end();
client.close();
milliseconds.sort((a, b) => a - b);
const part = (share: number) => milliseconds[Math.floor(share * (milliseconds.length - 1))] ?? 0;
console.log(JSON.stringify({ median: part(0.5), p99: part(0.99), max: part(1) }));
process.exit(0);
