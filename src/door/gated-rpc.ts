/** Every RPC goes through here: the gate authorizes it before anything is done for it. */
import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type { Authorization, AuthorizedRpc, Gate } from "../access/gate.ts";
import { credentialsOf } from "./credentials.ts";
import { refuseGrpc } from "./grpc-response.ts";
import type { HotStreamHandler } from "./http-server.ts";

/** Serves an authorized RPC; answers by what the gate can end it, or undefined when it has ended. */
export type RpcHandler = (
  stream: ServerHttp2Stream,
  session: ServerHttp2Session,
  headers: IncomingHttpHeaders,
  authorization: Authorization,
) => AuthorizedRpc | undefined;

/**
 * @param path `/package.Service/Method`
 * @param onAuthorized told of each RPC that its caller may make
 */
export function gatedRpc(
  path: string,
  gate: Gate,
  onAuthorized: (session: ServerHttp2Session, authorization: Authorization) => void,
  handle: RpcHandler,
): HotStreamHandler {
  return (stream, session, headers) => {
    let rpc: AuthorizedRpc | undefined;
    const authorization = gate.authorize(path, credentialsOf(session, headers), {
      end: (refusal) => rpc?.end(refusal),
      reconsider: () => rpc?.reconsider?.() === true,
    });
    if ("code" in authorization) {
      refuseGrpc(stream, authorization);
      return;
    }
    stream.once("close", () => authorization.close());
    onAuthorized(session, authorization);
    rpc = handle(stream, session, headers, authorization);
  };
}
