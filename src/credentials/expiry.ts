/** When certificates in use expire, and what to say of it. */
import { limits } from "../config/limits.ts";

/** A certificate in use, and until when it is. */
export interface Expiry {
  /** `CN=node.example of /etc/weir/node.pem (--tls-cert)`. */
  readonly name: string;
  readonly validToMs: number;
}

export interface ExpiryNotice {
  readonly expired: boolean;
  readonly text: string;
}

const dayMs = 86_400_000;

/** What to say at `nowMs` of those that end soon, or have ended. */
export function expiryNotices(expiries: readonly Expiry[], nowMs: number): ExpiryNotice[] {
  return expiries
    .filter(({ validToMs }) => validToMs - nowMs <= limits.certificateWarnMs)
    .map(({ name, validToMs }) => {
      const day = new Date(validToMs).toISOString().slice(0, 10);
      if (validToMs < nowMs) return { expired: true, text: `${name} expired on ${day}` };
      const days = Math.floor((validToMs - nowMs) / dayMs);
      const left = days === 1 ? "1 day" : `${days} days`;
      return { expired: false, text: `${name} expires in ${left}, on ${day}` };
    });
}
