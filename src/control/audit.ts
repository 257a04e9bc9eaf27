/** One line of log for each change that is asked for, whatever comes of it: who, from where, what. */
import type { HandlerContext } from "@connectrpc/connect";
import { accessEvent } from "../access/events.ts";
import { callerFields, whoText } from "../access/refused-calls.ts";
import { errorText } from "../base/errors.ts";
import type { Log } from "../telemetry/log.ts";
import { callerKey, peerKey } from "./peer.ts";

export class Audit {
  private readonly log: Log;

  constructor(log: Log) {
    this.log = log;
  }

  done(context: HandlerContext, what: string): void {
    this.log.info(accessEvent.audit, `${whoOf(context)}: ${what}`, fieldsOf(context));
  }

  refused(context: HandlerContext, what: string, error: unknown): void {
    const text = `${whoOf(context)}: ${what}: ${errorText(error)}`;
    this.log.warn(accessEvent.audit, text, fieldsOf(context));
  }
}

function whoOf({ values }: HandlerContext): string {
  return whoText(values.get(peerKey), values.get(callerKey));
}

function fieldsOf({ values, method }: HandlerContext): Record<string, string> {
  const caller = callerFields(values.get(callerKey));
  return { peer: values.get(peerKey), ...caller, call: method.name };
}
