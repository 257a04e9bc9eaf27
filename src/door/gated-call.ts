/** Every call goes through here: the gate is asked before anything is done for it. */
import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type { Admission, AdmittedCall, Gate } from "../access/gate.ts";
import { credentialsOf } from "./credentials.ts";
import { refuseGrpc } from "./grpc-response.ts";
import type { HotStreamHandler } from "./http-server.ts";

/** Serves a call that was let in; answers by what the gate can end it, or undefined when it has ended. */
export type CallHandler = (
  stream: ServerHttp2Stream,
  session: ServerHttp2Session,
  headers: IncomingHttpHeaders,
  admission: Admission,
) => AdmittedCall | undefined;

/**
 * @param path `/package.Service/Method`
 * @param onAdmitted told of each call that was let in
 */
export function gatedCall(
  path: string,
  gate: Gate,
  onAdmitted: (session: ServerHttp2Session, admission: Admission) => void,
  handle: CallHandler,
): HotStreamHandler {
  return (stream, session, headers) => {
    let call: AdmittedCall | undefined;
    const admission = gate.admit(path, credentialsOf(session, headers), {
      end: (refusal) => call?.end(refusal),
      reconsider: () => call?.reconsider?.() === true,
    });
    if ("code" in admission) {
      refuseGrpc(stream, admission);
      return;
    }
    stream.once("close", () => admission.close());
    onAdmitted(session, admission);
    call = handle(stream, session, headers, admission);
  };
}
