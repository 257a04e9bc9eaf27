/** What is said of servers that are no node with TLS. */
import { expect, test } from "bun:test";
import { once } from "node:events";
import http2 from "node:http2";
import net from "node:net";
import tls from "node:tls";
import { ServerCredentials } from "@grpc/grpc-js";
import { FakeNode } from "../../support/fake-node.ts";
import { authority, dialAndAsk, dialTls } from "./tls-node.ts";

const host = "127.0.0.1";
const { certificate: cert, key } = authority.issue({ addresses: [host] });

const noTls = "the program there does not speak TLS; --insecure connects without TLS";
const noGrpc = "the program there speaks TLS, but not gRPC (HTTP/2)";
const servers: [string, () => net.Server, string][] = [
  ["an SSH server", () => net.createServer((socket) => socket.write("SSH-2.0-x\r\n")), noTls],
  ["HTTP/2 without TLS", () => http2.createServer(), noTls],
  [
    "a server that hangs up",
    () => net.createServer((socket) => socket.end()),
    "it closes connections before TLS begins: the node may be full, or not speak TLS (--insecure)",
  ],
  [
    "a server of TLS 1.2",
    () => tls.createServer({ cert, key, maxVersion: "TLSv1.2" }),
    "it does not speak TLS 1.3",
  ],
  ["a web server", () => tls.createServer({ cert, key, ALPNProtocols: ["http/1.1"] }), noGrpc],
  ["TLS without ALPN", () => tls.createServer({ cert, key }), noGrpc],
];

test.each(servers)("%s", async (_, create, words) => {
  const sockets = new Set<net.Socket>();
  const server = create().on("connection", (socket: net.Socket) => {
    sockets.add(socket.on("error", () => {}));
  });
  await once(server.listen(0, host), "listening");
  const { port } = server.address() as net.AddressInfo;
  expect(await dialAndAsk({ host, port }, dialTls())).toBe(`cannot reach HOST: ${words}`);
  for (const socket of sockets) socket.destroy();
  server.close();
});

test("a node without TLS, and one with it that is asked without", async () => {
  const plain = await FakeNode.start();
  const secure = await FakeNode.start(
    ServerCredentials.createSsl(null, [
      { cert_chain: Buffer.from(cert), private_key: Buffer.from(key) },
    ]),
  );
  expect(await dialAndAsk({ host, port: plain.port }, dialTls())).toBe(
    `cannot reach HOST: ${noTls}`,
  );
  expect(await dialAndAsk({ host, port: secure.port }, { tls: undefined, apiKeyFile: "" })).toBe(
    "cannot reach HOST: it closes connections at once: the node may be full, or require TLS (--tls)",
  );
  plain.stop();
  secure.stop();
});
