/** One line of log for each change that is asked for, whatever comes of it: who, from where, what. */
import type { HandlerContext } from "@connectrpc/connect";
import { accessEvent } from "../access/events.ts";
import { callerFields, whoText } from "../access/refused-rpcs.ts";
import { errorText } from "../base/errors.ts";
import type { Events } from "../telemetry/events.ts";
import { callerKey, peerKey } from "./peer.ts";

export class Audit {
  private readonly events: Events;

  constructor(events: Events) {
    this.events = events;
  }

  done(context: HandlerContext, what: string): void {
    this.events.tell(accessEvent.audit, `${whoOf(context)}: ${what}`, fieldsOf(context));
  }

  failed(context: HandlerContext, what: string, error: unknown): void {
    const text = `${whoOf(context)}: ${what}: ${errorText(error)}`;
    this.events.tell(accessEvent.auditFailed, text, fieldsOf(context));
  }
}

function whoOf({ values }: HandlerContext): string {
  return whoText(values.get(peerKey), values.get(callerKey));
}

function fieldsOf({ values, method }: HandlerContext): Record<string, string> {
  const caller = callerFields(values.get(callerKey));
  return { peer: values.get(peerKey), ...caller, rpc: method.name };
}
