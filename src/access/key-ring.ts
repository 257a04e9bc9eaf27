/** API keys as the node keeps them: SHA-256 digests, compared in constant time. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { KeyRule } from "../config/access-config.ts";
import { limits } from "../config/limits.ts";

/** All that is kept of a key. Keys are long and random, so that nothing slower than SHA-256 is needed. */
export function digestOf(key: string): Uint8Array {
  return createHash("sha256").update(key, "utf8").digest();
}

/** Whether a header's value can be a key at all; `read-access.ts` lets no other become one. */
export function isKeyText(text: string): boolean {
  const { length } = text;
  return length >= limits.apiKeyCharsMin && length <= limits.apiKeyCharsMax && keyText.test(text);
}

/** What travels in a header unchanged; a comma stands between the values of a repeated header. */
const keyText = /^[\x21-\x2b\x2d-\x7e]*$/;

/** The keys of the node. */
export class KeyRing {
  private readonly keys: readonly KeyRule[];

  constructor(keys: readonly KeyRule[]) {
    this.keys = keys;
  }

  /** Looks at every key, whichever fits, so that the time says nothing about them. */
  find(digest: Uint8Array): KeyRule | undefined {
    let found: KeyRule | undefined;
    for (const key of this.keys) if (timingSafeEqual(key.digest, digest)) found = key;
    return found;
  }
}
