import { generateKeyPairSync } from "node:crypto";

/** A private key that wants a passphrase, PEM. */
export function encryptedKey(): string {
  const { privateKey } = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: {
      type: "pkcs8",
      format: "pem",
      cipher: "aes-256-cbc",
      passphrase: "secret",
    },
  });
  return privateKey;
}
