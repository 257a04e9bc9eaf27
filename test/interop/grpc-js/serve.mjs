// A processor on grpc-js, run by Node, for test/interop/hunt-to-foreign-servers.test.ts: it keeps nothing,
// acknowledges each batch, and wants packets of one size. It prints JSON lines: the address at first,
// and a result when its input ends.
import { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";
import { Server, ServerCredentials, status } from "@grpc/grpc-js";

const size = Number(process.argv[2]);
const outcome = { error: "", batches: 0, packets: 0, streams: 0, heartbeats: 0 };
const asIs = (bytes) => bytes;

/** Calls `visit` with number and value of each field of one level; numbers, and bytes as they are. */
function fields(message, visit) {
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (type === 0) visit(number, reader.uint64());
    else if (type === 2) visit(number, reader.bytes());
    else reader.skip(type);
  }
}

function registration(call, answer) {
  let id = "";
  fields(call.request, (number, value) => {
    if (number === 1) id = Buffer.from(value).toString();
  });
  const writer = new BinaryWriter().tag(1, 0).bool(true).tag(3, 2).string(id);
  answer(null, Buffer.from(writer.finish()));
}

function heartbeat(call) {
  call.on("data", (message) => {
    outcome.heartbeats += 1;
    fields(message, (number, value) => {
      if (number === 2) call.write(Buffer.from(new BinaryWriter().tag(1, 0).int64(value).finish()));
    });
  });
  call.on("end", () => call.end());
}

function packets(call) {
  outcome.streams += 1;
  call.on("data", (message) => {
    outcome.batches += 1;
    fields(message, (number, value) => {
      if (number === 2)
        call.write(Buffer.from(new BinaryWriter().tag(1, 0).uint64(value).finish()));
      if (number === 4) packet(value);
    });
  });
  call.on("end", () => call.end());
}

function packet(message) {
  fields(message, (number, value) => {
    if (number !== 1) return;
    // Where test/support/numbered-packets.ts has its number.
    const found = Number(Buffer.from(value).readBigUInt64BE(50));
    if (value.length !== size || found !== outcome.packets) {
      outcome.error ||= `packet ${found} of ${value.length} bytes came as number ${outcome.packets}`;
    }
    outcome.packets += 1;
  });
}

const management = "/lippycat.management.ManagementService/";
/** Path, whether the client streams, whether the server does, and what answers. */
const methods = [
  [`${management}RegisterHunter`, false, false, registration],
  [`${management}Heartbeat`, true, true, heartbeat],
  // Stays open.
  [`${management}SubscribeFilters`, false, true, () => {}],
  ["/lippycat.data.DataService/StreamPackets", true, true, packets],
];
const server = new Server();
for (const [path, requestStream, responseStream, handler] of methods) {
  const definition = {
    path,
    requestStream,
    responseStream,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
  server.addService({ [path]: definition }, { [path]: handler });
}
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) outcome.error = `status ${status.INTERNAL}: ${error.message}`;
  console.log(JSON.stringify({ event: "listening", address: `127.0.0.1:${port}` }));
});
process.stdin.resume().on("end", () => {
  server.forceShutdown();
  console.log(JSON.stringify(outcome));
});
