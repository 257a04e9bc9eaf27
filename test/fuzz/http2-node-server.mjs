// A node:http2 server, run by Node, for test/fuzz/http2-differential.ts: it answers each request as its
// header says, and prints a line of JSON for each session that has ended: what it saw of each stream.
import { createServer } from "node:http2";

const server = createServer();

server.on("session", (session) => {
  const streams = {};
  const faults = [];
  session.on("stream", (stream, headers, _flags, raw) => {
    const seen = { head: pairs(raw), body: [], trailers: null, ended: false, reset: null };
    streams[stream.id] = seen;
    stream.on("data", (bytes) => seen.body.push(bytes));
    stream.on("trailers", (_trailers, _flags, raw) => {
      seen.trailers = pairs(raw);
    });
    stream.on("end", () => {
      // A stream that is reset ends, too.
      seen.ended = !stream.aborted && !stream.destroyed;
      if (seen.ended) answer(stream, Number(headers["x-answer-bytes"]));
    });
    stream.on("aborted", () => {
      seen.reset = stream.rstCode;
    });
    stream.on("error", () => {});
  });
  session.on("error", (error) => faults.push(error.message));
  session.on("close", () => {
    for (const seen of Object.values(streams)) {
      seen.body = Buffer.concat(seen.body).toString("base64");
    }
    console.log(JSON.stringify({ streams, faults }));
  });
});

function pairs(raw) {
  return Array.from({ length: raw.length / 2 }, (_, at) => [raw[2 * at], raw[2 * at + 1]]);
}

/** The same as `answer` of http2-differential.ts. */
function answer(stream, bytes) {
  stream.respond({ ":status": 200, "x-answer": "yes" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "x-trailer": "done" }));
  stream.end(Buffer.alloc(bytes, stream.id));
}

server.listen(0, "127.0.0.1", () => {
  const { port } = server.address();
  console.log(JSON.stringify({ port }));
});
process.stdin.resume().on("end", () => process.exit(0));
