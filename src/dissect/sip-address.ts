/** An address in a SIP header (RFC 3261 section 20.10), taken apart; "" for what it does not have. */
interface SipAddress {
  readonly user: string;
  readonly uri: string;
  readonly tag: string;
}

const schemeOf = /^(sips?|tel):/i;

/**
 * Takes apart the first address of a From, To or P-Asserted-Identity value:
 * `"name" <uri>;parameters`, `name <uri>;parameters` or `uri;parameters`. Never throws.
 */
export function parseSipAddress(value: string): SipAddress {
  const nameEnd = quotedEnd(value, 0);
  const open = schemeOf.test(value) ? -1 : value.indexOf("<", nameEnd);
  let uri: string;
  let parameters: string;
  if (open >= 0) {
    const close = value.indexOf(">", open);
    uri = value.slice(open + 1, close < 0 ? value.length : close);
    parameters = close < 0 ? "" : value.slice(close + 1);
  } else {
    // Without brackets, what follows a semicolon belongs to the header.
    const end = value.slice(nameEnd).search(/[;, ]/);
    uri = end < 0 ? value.slice(nameEnd) : value.slice(nameEnd, nameEnd + end);
    parameters = end < 0 ? "" : value.slice(nameEnd + end);
  }
  uri = uri.trim();
  return { user: userOf(uri), uri, tag: tagOf(parameters) };
}

/** Where the quoted string that starts at `at` ends; `at` when none starts there or it has no end. */
function quotedEnd(value: string, at: number): number {
  if (value[at] !== '"') return at;
  for (let index = at + 1; index < value.length; index++) {
    if (value[index] === "\\") index++;
    else if (value[index] === '"') return index + 1;
  }
  return at;
}

/**
 * User of a sip:, sips: or tel: URI (RFC 3261 section 19.1.1, RFC 3966): without password, and without
 * the parameters that a telephone number in it may have (section 19.1.6).
 */
function userOf(uri: string): string {
  const scheme = schemeOf.exec(uri);
  if (scheme === null) return "";
  const rest = uri.slice(scheme[0].length);
  const at = rest.indexOf("@");
  const isTelephone = (scheme[1] as string).toLowerCase() === "tel";
  if (at < 0 && !isTelephone) return "";
  return (at < 0 ? rest : rest.slice(0, at)).split(/[;:]/, 1)[0] as string;
}

function tagOf(parameters: string): string {
  return /;\s*tag\s*=\s*([^;,\s"]+)/i.exec(parameters)?.[1] ?? "";
}
