/**
 * The one place where this program becomes a gRPC client: what it trusts, who it says it is, how it
 * names what went wrong. Hunters and the commands that ask a node come through here.
 */
import { isIP } from "node:net";
import { ChannelCredentials, type ChannelOptions, Client } from "@grpc/grpc-js";
import { type Clock, systemClock } from "../base/clock.ts";
import { errorText } from "../base/errors.ts";
import type { DialConfig } from "../config/dial-config.ts";
import type { Endpoint } from "../config/endpoint.ts";
import { showEndpoint } from "../config/parse-endpoint.ts";
import { bringApiKey } from "./api-key.ts";
import { type DialFiles, readDialFiles } from "./dial-files.ts";
import { dialReason, type RpcEnd } from "./dial-reason.ts";
import { Http2Channel } from "./http2-channel.ts";
import { refuseIdentity } from "./server-identity.ts";

export interface Dialer {
  /** `host:port` */
  readonly address: string;
  /** What is doubtful about the files, in words. */
  readonly warnings: readonly string[];
  /** Which API key the next connections show: another number when `renew` has read another; 0 is none. */
  readonly keyNumber: number;
  /** One connection, made by its first RPC. */
  connect(options: ChannelOptions): Client;
  /** One connection for the RPC that carries packets; rejects with a `GrpcStatus`. */
  connectHttp2(): Promise<Http2Channel>;
  /**
   * Read the files again, for the next connections. When they cannot be used any more, those have
   * them as they were, and the reason is returned; otherwise "".
   */
  renew(): Promise<string>;
  /** Why an RPC on such a connection failed, in words for a person. */
  reasonOf(end: RpcEnd): string;
}

/** Rejects with a WeirError `tls-files` or `api-key-file` that names the file that cannot be used. */
export async function createDialer(
  endpoint: Endpoint,
  config: DialConfig,
  clock: Clock = systemClock,
): Promise<Dialer> {
  const address = showEndpoint(endpoint);
  let files = await readDialFiles(config, clock.wallMs());
  let keyNumber = files.apiKey === "" ? 0 : 1;
  return {
    address,
    warnings: files.warnings,
    get keyNumber() {
      return keyNumber;
    },
    connect(options) {
      const security = channelCredentials(endpoint, config, files);
      const interceptors = files.apiKey === "" ? [] : [bringApiKey(files.apiKey)];
      const named = { ...channelOptions, ...nameOptions(endpoint), ...options };
      return new Client(address, security, { ...named, interceptors });
    },
    connectHttp2() {
      const { apiKey, pem } = files;
      const tls = config.tls && { ...pem, skipVerify: config.tls.skipVerify };
      return Http2Channel.connect({ endpoint, tls, apiKey, now: clock.monotonicMs });
    },
    async renew() {
      try {
        const { apiKey } = files;
        files = await readDialFiles(config, clock.wallMs(), files);
        if (files.apiKey !== apiKey) keyNumber += 1;
        return "";
      } catch (error) {
        return errorText(error);
      }
    },
    reasonOf: (end) => dialReason(config, end),
  };
}

const channelOptions = {
  // A pooled connection would be one that another client verified.
  "grpc.use_local_subchannel_pool": 1,
  "grpc.enable_http_proxy": 0,
  "grpc.service_config_disable_resolution": 1,
} as const;

function channelCredentials(
  { host }: Endpoint,
  { tls }: DialConfig,
  { secureContext }: DialFiles,
): ChannelCredentials {
  if (tls === undefined || secureContext === undefined) return ChannelCredentials.createInsecure();
  return ChannelCredentials.createFromSecureContext(secureContext, {
    rejectUnauthorized: !tls.skipVerify,
    // Not by the name that is handed over: for an address that is not what was dialled.
    checkServerIdentity: (_, certificate) =>
      tls.skipVerify ? undefined : refuseIdentity(host, certificate),
  });
}

/** An address is no server name (RFC 6066 section 3), but grpc-js sends what it dials as one. */
function nameOptions({ host }: Endpoint): ChannelOptions {
  return isIP(host) === 0 ? {} : { "grpc.ssl_target_name_override": "address.invalid" };
}
