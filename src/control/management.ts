/** `lippycat.management.ManagementService` without its filters, which are `filter-methods.ts`. */
import type { ServiceImpl } from "@connectrpc/connect";
import type { ManagementService } from "../wire/gen/lippycat/management/management_pb.ts";
import { createHeartbeat } from "./heartbeat.ts";
import { createRegistration, type RegistrationOptions } from "./registration.ts";
import { createStatus } from "./status.ts";
import { createTopology } from "./topology.ts";

export function createManagement(
  options: RegistrationOptions,
): Partial<ServiceImpl<typeof ManagementService>> {
  const { node } = options;
  return {
    ...createRegistration(options),
    ...createHeartbeat(node),
    ...createStatus(node),
    ...createTopology(node),
    // Open until the client or the node ends it: existing hunters reconnect at once when this call
    // ends, also with UNIMPLEMENTED (contract.md section 2.1).
    subscribeFilters: (_request, { signal }) => nothingUntil(signal),
  };
}

/** Yields nothing, and is over when the signal is given. */
function nothingUntil(signal: AbortSignal): AsyncIterable<never> {
  const over = new Promise<IteratorReturnResult<undefined>>((resolve) => {
    const end = () => resolve({ done: true, value: undefined });
    if (signal.aborted) end();
    else signal.addEventListener("abort", end, { once: true });
  });
  return { [Symbol.asyncIterator]: () => ({ next: () => over }) };
}
