/**
 * `grpc.health.v1.Health`, for probes
 * (https://github.com/grpc/grpc/blob/master/doc/health-checking.md). All services share one state.
 */
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { quoteText } from "../base/safe-text.ts";
import { limits } from "../config/limits.ts";
import {
  type Health,
  HealthCheckResponse_ServingStatus as Status,
} from "../wire/gen/grpc/health/v1/health_pb.ts";
import type { Serving } from "./serving.ts";

/** @param names full names of the services that are served */
export function createHealth(
  serving: Serving,
  names: readonly string[],
): ServiceImpl<typeof Health> {
  // The empty name is the server as a whole.
  const known = new Set(["", ...names]);
  const status = () => (serving.now ? Status.SERVING : Status.NOT_SERVING);
  return {
    check({ service }) {
      if (known.has(service)) return { status: status() };
      const name = quoteText(service, limits.settingShownCharsMax);
      throw new ConnectError(`this node does not serve ${name}`, Code.NotFound);
    },

    list() {
      const statuses = [...known].map((name) => [name, { status: status() }] as const);
      return { statuses: Object.fromEntries(statuses) };
    },

    async *watch({ service }, { signal }) {
      let told: Status | undefined;
      while (!signal.aborted) {
        const now = known.has(service) ? status() : Status.SERVICE_UNKNOWN;
        if (now === told) await serving.changed.wait(signal);
        else {
          told = now;
          yield { status: now };
        }
      }
    },
  };
}
