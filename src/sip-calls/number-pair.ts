/** The pair of telephone numbers by which legs of a call are found. */
import type { SipSighting } from "./sip-sighting.ts";

/** Last digits by which two numbers are taken for the same: prefixes differ from network to network. */
const digitsCompared = 7;

/**
 * The last digits of both users of a message, sorted, by which legs of one call are found whose tags
 * differ (docs/wire.md#subscribecorrelatedcalls); "" when one user has fewer digits.
 */
export function numberPair({ fromUser, fromUri, toUser, toUri }: SipSighting): string {
  const from = lastDigits(fromUser, fromUri);
  const to = lastDigits(toUser, toUri);
  if (from === "" || to === "") return "";
  return from < to ? `${from}:${to}` : `${to}:${from}`;
}

function lastDigits(user: string, uri: string): string {
  const digits = userPart(user === "" ? uri : user).replaceAll(/\D/g, "");
  return digits.length < digitsCompared ? "" : digits.slice(-digitsCompared);
}

/** What stands before the host and parameters; a hunter may give a whole URI for a user. */
function userPart(text: string): string {
  return text.replace(/^(?:sips?|tel):/i, "").split(/[@;:]/, 1)[0] as string;
}
