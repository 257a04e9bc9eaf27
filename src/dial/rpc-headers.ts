/** Headers as Connect has them, from and to the metadata of grpc-js. */
import { decodeBinaryHeader, encodeBinaryHeader } from "@connectrpc/connect";
import { Metadata } from "@grpc/grpc-js";

export type HeaderFields = ConstructorParameters<typeof Headers>[0];

/**
 * Values of keys that end in `-bin` are base64 in Headers, several of them with commas between, and
 * bytes in Metadata. Throws a ConnectError or an Error for what is no header of gRPC.
 */
export function metadataOf(header: HeaderFields): Metadata {
  const metadata = new Metadata();
  new Headers(header).forEach((value, key) => {
    if (!key.endsWith("-bin")) metadata.add(key, value);
    else for (const part of value.split(",")) metadata.add(key, bytesOf(part));
  });
  return metadata;
}

function bytesOf(base64: string): Buffer {
  const bytes = decodeBinaryHeader(base64.trim());
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Adds all of `metadata` to `headers`, apart from values that Headers cannot hold. */
export function addMetadata(headers: Headers, metadata: Metadata): void {
  for (const [key, values] of Object.entries(metadata.toJSON())) {
    for (const value of values) {
      const text = typeof value === "string" ? value : encodeBinaryHeader(value);
      try {
        headers.append(key, text);
      } catch {
        // A stranger's server may send what is no text; the RPC does not fail for it.
      }
    }
  }
}
