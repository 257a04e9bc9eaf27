import { describe, expect, test } from "bun:test";
import net from "node:net";
import { WeirError } from "../../../src/base/errors.ts";
import { limits } from "../../../src/config/limits.ts";
import { claimPort } from "../../../src/node/port-check.ts";

const host = "127.0.0.1";

async function listen(options: net.ListenOptions): Promise<net.Server & { port: number }> {
  const server = net.createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, ...options }, resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return Object.assign(server, { port });
}

async function refusal(endpoint: { host: string; port: number }): Promise<WeirError> {
  try {
    (await claimPort(endpoint)).release();
  } catch (error) {
    if (error instanceof WeirError) return error;
    throw error;
  }
  throw new Error("the port was given");
}

describe("a port", () => {
  test("that is free is given, and shards can share it afterwards", async () => {
    const { endpoint, release } = await claimPort({ host, port: 0 });
    expect(endpoint.host).toBe(host);
    expect(endpoint.port).toBeGreaterThan(0);
    const [one, two] = await Promise.all([
      listen({ port: endpoint.port, reusePort: true }),
      listen({ port: endpoint.port, reusePort: true }),
    ]);
    one.close();
    two.close();
    release();
    const again = await claimPort(endpoint);
    expect(again.endpoint).toEqual(endpoint);
    again.release();
  });

  test("0 gives another port to everybody who asks at the same time", async () => {
    const claims = await Promise.all(
      Array.from({ length: 20 }, () => claimPort({ host, port: 0 })),
    );
    if (process.platform === "linux") {
      expect(new Set(claims.map(({ endpoint }) => endpoint.port)).size).toBe(claims.length);
    }
    for (const { release } of claims) release();
    expect(limits.freePortAttemptsMax).toBeGreaterThan(1);
  });

  test.each([true, false])("in use is refused, when its owner shares it: %p", async (reusePort) => {
    const owner = await listen({ port: 0, reusePort, exclusive: !reusePort });
    for (const place of [host, "0.0.0.0", ""]) {
      const error = await refusal({ host: place, port: owner.port });
      expect(error.code).toBe("port-in-use");
      expect(error.message).toContain(`:${owner.port} is in use by another program`);
      expect(error.message).toContain("--listen");
    }
    // The owner did not notice.
    await new Promise<void>((resolve, reject) => {
      const socket = net.connect(owner.port, host, () => {
        socket.destroy();
        resolve();
      });
      socket.once("error", reject);
    });
    owner.close();
  });

  test("that another node has claimed and not yet bound is refused", async () => {
    if (process.platform !== "linux") return;
    const { endpoint, release } = await claimPort({ host, port: 0 });
    expect((await refusal(endpoint)).code).toBe("port-in-use");
    release();
    (await claimPort(endpoint)).release();
  });
});

describe("an address", () => {
  test("that this machine does not have is named with the reason", async () => {
    const error = await refusal({ host: "192.0.2.1", port: 0 });
    expect(error.code).toBe("address-unusable");
    expect(error.message).toBe(
      "cannot listen on 192.0.2.1:0: this machine has no such address (--listen)",
    );
  });

  test("whose name does not resolve is refused", async () => {
    const error = await refusal({ host: "no-such-host.invalid", port: 0 });
    expect(error.code).toBe("address-unusable");
    // Where there are no name servers the reason is another.
    expect(error.message).toMatch(
      /^cannot listen on no-such-host\.invalid:0: .*\bname\b.* \(--listen\)$/,
    );
  });

  test("left out is every address, of both kinds where there are both", async () => {
    const { endpoint, release } = await claimPort({ host: "", port: 0 });
    expect(["::", "0.0.0.0"]).toContain(endpoint.host);
    const owner = await listen({ host: endpoint.host, port: endpoint.port, reusePort: true });
    await new Promise<void>((resolve, reject) => {
      const socket = net.connect(endpoint.port, host, () => {
        socket.destroy();
        resolve();
      });
      socket.once("error", reject);
    });
    owner.close();
    release();
  });
});
