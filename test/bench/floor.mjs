// The floor of a measurement, run by Node: the bytes of a file sent over one loopback TCP connection
// and discarded, then written to another file in pieces of 256 KiB. Prints two numbers of seconds.
import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import net from "node:net";
import { fileURLToPath } from "node:url";

const [, , role, bodyPath, outPath] = process.argv;

if (role === "send") {
  const body = readFileSync(bodyPath);
  const server = net.createServer((socket) => socket.end(body));
  server.listen(0, "127.0.0.1", () => console.log(server.address().port));
} else {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), "send", bodyPath], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const port = await new Promise((resolve) => {
    child.stdout.once("data", (text) => resolve(Number(text)));
  });
  const transport = await receive(port);
  child.kill();
  console.log(transport, write());
}

function receive(port) {
  const begun = performance.now();
  // One buffer for everything that comes: nothing is allocated, nothing is kept.
  const onread = { buffer: Buffer.alloc(1 << 20), callback: () => true };
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port, host: "127.0.0.1", onread });
    socket.on("error", reject);
    socket.on("end", () => resolve((performance.now() - begun) / 1000));
  });
}

function write() {
  const body = readFileSync(bodyPath);
  const begun = performance.now();
  const file = openSync(outPath, "w", 0o600);
  const piece = 256 * 1024;
  for (let at = 0; at < body.length; at += piece) {
    writeSync(file, body, at, Math.min(piece, body.length - at));
  }
  closeSync(file);
  const seconds = (performance.now() - begun) / 1000;
  rmSync(outPath);
  return seconds;
}
