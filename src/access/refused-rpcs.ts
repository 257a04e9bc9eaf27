/** What the log says of RPCs that were refused; rate-limited, since strangers decide how many there are. */
import { peerAddress } from "../base/peer-text.ts";
import { quoteText } from "../base/safe-text.ts";
import { limits } from "../config/limits.ts";
import type { Events } from "../telemetry/events.ts";
import type { Caller } from "../wire/caller.ts";
import { accessEvent } from "./events.ts";
import type { RefusedRpc } from "./gate.ts";
import { auditedMethods } from "./method-roles.ts";

export function noteRefusedRpc(events: Events, refused: RefusedRpc): void {
  const { peer, path, caller, reason, locks } = refused;
  const event = auditedMethods.has(path) ? accessEvent.auditRefused : accessEvent.refused;
  const rpc = path.slice(path.lastIndexOf("/") + 1);
  const text = `${whoText(peer, caller)}: ${rpc} was refused: ${reason}`;
  events.tell(event, text, { peer, ...callerFields(caller), rpc });
  if (!locks) return;
  const address = peerAddress(peer);
  const seconds = limits.accessFailureWindowMs / 1000;
  const wrong = `${address} sent ${limits.accessFailuresMax} wrong API keys`;
  events.tell(accessEvent.locked, `${wrong}; the node refuses its keys for ${seconds} s`, { peer });
}

/** Who it is, for a person: `10.0.0.1:5 (key "ops laptop", admin)`. */
export function whoText(peer: string, { by, name, roles }: Caller): string {
  if (by === "nothing") return peer;
  const shown = quoteText(name, limits.accessNameCharsMax);
  return `${peer} (${[`${by} ${shown}`, ...roles].join(", ")})`;
}

/** And for a program. */
export function callerFields({ by, name, roles }: Caller): Record<string, string> {
  if (by === "nothing") return {};
  return { caller: name, caller_by: by, ...(roles.length > 0 ? { role: roles.join(" ") } : {}) };
}
