/** gRPC status of an RPC that may not be made, or not go on. */
export interface Refusal {
  readonly code: number;
  readonly message: string;
}

/** The same whatever is wrong with a key, or that there is none (docs/wire.md#roles). */
export const unauthenticated: Refusal = {
  code: 16,
  message: "this RPC needs an API key (x-api-key) or a client certificate that allows it",
};

/** The holder of a certificate is known and may do other things: nothing is given away by saying so. */
export function permissionDenied(message: string): Refusal {
  return { code: 7, message };
}

export const locked: Refusal = {
  code: 8,
  message: "too many wrong API keys came from this address; try again in a minute",
};
