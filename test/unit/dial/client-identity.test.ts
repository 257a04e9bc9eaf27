/** Who a client says it is, and what is said when the node does not take it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import type { DialConfig } from "../../../src/config/dial-config.ts";
import { createDialer } from "../../../src/dial/dialer.ts";
import { type CertificateOptions, makeAuthority } from "../../support/certificates.ts";
import type { FakeNode } from "../../support/fake-node.ts";
import {
  ask,
  authority,
  dialAndAsk,
  dialAs,
  dialTls,
  startTlsNode,
  writeFile,
} from "./tls-node.ts";

const host = "127.0.0.1";
const server = authority.issue({ addresses: [host] });
const hunter: CertificateOptions = { commonName: "hunter-1", use: "client" };

describe("a node that demands certificates", () => {
  let node: FakeNode;
  const asked = (config: DialConfig) => dialAndAsk({ host, port: node.port }, config);

  beforeAll(async () => {
    node = await startTlsNode(server, true);
  });
  afterAll(() => node.stop());

  test("takes one of its authority, also of a lower one", async () => {
    expect(await asked(dialAs(authority.issue(hunter)))).toBe("answered");
    expect(await asked(dialAs(authority.below("Lower").issue(hunter)))).toBe("answered");
  });

  test("says that it wants one", async () => {
    for (let attempt = 0; attempt < 20; attempt++) {
      // Whether its alert or the end of the connection comes first is chance.
      expect(await asked(dialTls())).toMatch(/requires a client certificate.*--tls-cert/);
    }
  });

  const strangers: [string, CertificateOptions | undefined][] = [
    ["of another authority", undefined],
    ["that is for servers", { ...hunter, use: "server" }],
  ];
  test.each(strangers)("does not take one %s", async (_, options) => {
    const issuer = options === undefined ? makeAuthority("Other") : authority;
    const config = dialAs(issuer.issue(options ?? hunter));
    expect(await asked(config)).toContain(`not accept ${config.tls?.certFile}`);
  });
});

describe("an API key", () => {
  const key = "k".repeat(40);
  const withKey = (text: string, mode?: number): DialConfig => ({
    tls: undefined,
    apiKeyFile: writeFile(text, mode),
  });
  let node: FakeNode;
  beforeAll(async () => {
    node = await startTlsNode(server);
  });
  afterAll(() => node.stop());

  test("comes with every call, without the end of its line", async () => {
    const config = { ...dialTls(), apiKeyFile: writeFile(`${key}\n`) };
    const dialer = await createDialer({ host, port: node.port }, config);
    expect([await ask(dialer), await ask(dialer)]).toEqual(["answered", "answered"]);
    expect(node.asked.splice(0).map(({ apiKey }) => apiKey)).toEqual([key, key]);
    expect(await dialAndAsk({ host, port: node.port }, dialTls())).toBe("answered");
    expect(node.asked.map(({ apiKey }) => apiKey)).toEqual([""]);
  });

  test("that others may read is a warning", async () => {
    const { warnings } = await createDialer({ host, port: 1 }, withKey(key, 0o644));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(
      /: other users can read this secret \(mode 0644\); run chmod 600 on the file$/,
    );
    expect((await createDialer({ host, port: 1 }, withKey(key))).warnings).toEqual([]);
  });

  test.each(["", "\n", `${key} ${key}`, `${key}\n${key}\n`, "schlüssel", "k".repeat(5000)])(
    "that is none is refused, and not shown (%#)",
    async (text) => {
      const config = withKey(text);
      const failure = await createDialer({ host, port: 1 }, config).catch(
        (error: unknown) => error,
      );
      expect(failure).toMatchObject({ code: "api-key-file" });
      expect((failure as Error).message).toStartWith(`${config.apiKeyFile}: `);
      expect((failure as Error).message).not.toContain(text.slice(0, 4) || "\n");
    },
  );
});

describe("files that are replaced", () => {
  test("are what the next connection has; those that are no good change nothing", async () => {
    const node = await startTlsNode(server, true);
    const config = dialAs(makeAuthority("Other").issue(hunter));
    const dialer = await createDialer({ host, port: node.port }, config);
    expect(await ask(dialer)).toContain("not accept");
    const good = authority.issue(hunter);
    replace(config.tls!.certFile, good.certificate);
    // Between the two files of a pair: the key is not the one of the certificate.
    expect(await dialer.renew()).toBe(
      `${config.tls!.keyFile} (--tls-key): it is not the key of the certificate in ${config.tls!.certFile} (--tls-cert)`,
    );
    expect(await ask(dialer)).toContain("not accept");
    replace(config.tls!.keyFile, good.key);
    expect(await dialer.renew()).toBe("");
    expect(await ask(dialer)).toBe("answered");
    rmSync(config.tls!.certFile);
    expect(await dialer.renew()).toStartWith(config.tls!.certFile);
    expect(await ask(dialer)).toBe("answered");
    node.stop();
  });
});

function replace(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
