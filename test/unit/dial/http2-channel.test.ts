/** The connection that carries packets, against servers that do nothing, or not what they should. */
import { expect, test } from "bun:test";
import net from "node:net";
import { Http2Channel } from "../../../src/dial/http2-channel.ts";
import type { GrpcStatus } from "../../../src/grpc/grpc-status.ts";
import { until } from "../../support/record-in-process.ts";

const now = (): number => performance.now();

/** A server without a word, and how many of its connections are open. */
async function silentServer(): Promise<{ port: number; open: Set<net.Socket>; stop: () => void }> {
  const open = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    open.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => open.delete(socket));
    socket.resume();
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  return { port, open, stop: () => server.close() };
}

test("a server that does not answer the TLS handshake is given up", async () => {
  const server = await silentServer();
  const status = await Http2Channel.connect({
    endpoint: { host: "127.0.0.1", port: server.port },
    tls: { skipVerify: true },
    apiKey: "",
    now,
    connectMsMax: 50,
  }).then(
    () => undefined,
    (error: unknown) => error as GrpcStatus,
  );
  expect(status).toEqual({ code: 14, message: "timed out: no connection within 0.05 s" });
  await until(() => server.open.size === 0);
  server.stop();
});
