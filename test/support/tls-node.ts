/** The files of a node with TLS, and clients of it. Names are checked: the node is `localhost`. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import tls from "node:tls";
import * as grpc from "@grpc/grpc-js";
import { type Authority, type KeyPair, makeAuthority, writeKeyPair } from "./certificates.ts";
import { scratchDirectory } from "./weir-process.ts";

const nodeName = "localhost";

export class TlsFiles {
  readonly directory: string = scratchDirectory();
  readonly authority: Authority = makeAuthority();
  readonly paths: KeyPair;
  readonly ca: string = join(this.directory, "ca.pem");
  pair: KeyPair;

  constructor() {
    this.pair = this.issue();
    this.paths = writeKeyPair(this.directory, "node", this.pair);
    writeFileSync(this.ca, this.authority.certificate);
  }

  /** Flags of a node that demands certificates of clients. */
  get flags(): string[] {
    const { certificate, key } = this.paths;
    const own = ["--tls-cert", certificate, "--tls-key", key];
    return [...own, "--tls-ca", this.ca, "--tls-client-auth"];
  }

  /** Another certificate for the node. */
  issue(): KeyPair {
    return this.authority.issue({ names: [nodeName], addresses: ["127.0.0.1"], use: "server" });
  }

  /** Puts another pair into the node's files, one after the other. */
  write(pair: KeyPair): void {
    this.pair = pair;
    writeKeyPair(this.directory, "node", pair);
  }

  client(commonName = "edge-1"): KeyPair {
    return this.authority.issue({ commonName, use: "client" });
  }

  security(client: KeyPair = this.client()): grpc.ChannelCredentials {
    const { authority } = this;
    return grpc.credentials.createSsl(
      Buffer.from(authority.certificate),
      Buffer.from(client.key),
      Buffer.from(client.certificate),
    );
  }
}

/** Where clients dial a node on loopback: by name, as grpc-js checks no address. */
export function namedAddress({ port }: { readonly port: number }): string {
  return `${nodeName}:${port}`;
}

/** SHA-256 of a PEM certificate as `getPeerCertificate` has it. */
export function fingerprintOf(pair: KeyPair): string {
  const [block = ""] = pair.certificate.match(/[^-]+(?=-----END CERTIFICATE)/) ?? [];
  const digest = new Bun.CryptoHasher("sha256").update(Buffer.from(block, "base64")).digest("hex");
  return (digest.toUpperCase().match(/../g) ?? []).join(":");
}

/** The fingerprint of the certificate that the node shows on a new connection. */
export function shownFingerprint(port: number, files: TlsFiles): Promise<string> {
  const { certificate: cert, key } = files.client();
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = tls.connect({
    port,
    host: "127.0.0.1",
    servername: nodeName,
    ca: files.authority.certificate,
    cert,
    key,
    ALPNProtocols: ["h2"],
  });
  socket.on("secureConnect", () => {
    resolve(socket.getPeerCertificate().fingerprint256);
    socket.destroy();
  });
  socket.on("error", reject);
  return promise;
}
