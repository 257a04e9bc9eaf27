/** Files that are followed: what is taken, what is refused and told once, what is told of expiry. */
import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WeirError } from "../../../src/base/errors.ts";
import { limits } from "../../../src/config/limits.ts";
import { Credentials } from "../../../src/credentials/credentials.ts";
import type { ServerCredentials } from "../../../src/credentials/server-credentials.ts";
import { createEvents } from "../../../src/telemetry/events.ts";
import { createLog } from "../../../src/telemetry/log.ts";
import { type KeyPair, makeAuthority } from "../../support/certificates.ts";

const authority = makeAuthority();
const first = authority.issue({ names: ["first"] });
const second = authority.issue({ names: ["second"] });
const dayMs = 86_400_000;
const opened: Credentials[] = [];
afterEach(() => {
  for (const credentials of opened.splice(0)) credentials.stop();
});

class Bench {
  readonly directory = mkdtempSync(join(tmpdir(), "weir-credentials-"));
  readonly lines: string[] = [];
  readonly published: ServerCredentials[] = [];
  readonly credentials: Credentials;
  readonly certificate = join(this.directory, "node.pem");
  readonly key = join(this.directory, "node.key");
  nowMs = 0;

  constructor(pair: KeyPair = first) {
    this.write(pair);
    const begun = Date.now();
    this.credentials = new Credentials({
      config: {
        certFile: this.certificate,
        keyFile: this.key,
        caFile: "",
        clientAuth: false,
        minVersion: "1.3",
      },
      events: createEvents(
        createLog({ level: "info", format: "text", write: (line) => this.lines.push(line) }),
      ),
      clock: { monotonicMs: () => this.nowMs, wallMs: () => begun + this.nowMs, random: () => 0 },
      publish: (credentials) => this.published.push(credentials),
    });
    opened.push(this.credentials);
  }

  async started(): Promise<this> {
    await this.credentials.start();
    return this;
  }

  write({ certificate, key }: KeyPair): void {
    writeFileSync(this.certificate, certificate);
    writeFileSync(this.key, key);
  }

  /** Looks until whatever is there has stood still for long enough. */
  async settle(): Promise<void> {
    await this.credentials.look();
    this.nowMs += limits.filePartSettleMs;
    await this.credentials.look();
  }

  linesWith(text: string): string[] {
    return this.lines.filter((line) => line.includes(text));
  }
}

describe("at the start", () => {
  test("what is in the files is in use", async () => {
    const { credentials, published } = await new Bench().started();
    expect(credentials.endsMs).toBeGreaterThan(Date.now());
    expect(credentials.current?.certificate).toBe(first.certificate);
    expect(published).toEqual([]);
  });

  test("files that cannot be used end the node, all of them named", async () => {
    const bench = new Bench();
    writeFileSync(bench.key, second.key);
    const mismatch = await bench.credentials.start().catch((error: unknown) => error);
    expect(mismatch).toBeInstanceOf(WeirError);
    expect((mismatch as WeirError).code).toBe("tls-files");
    expect((mismatch as WeirError).message).toContain("is not the key of the certificate");
    rmSync(bench.key);
    rmSync(bench.certificate);
    const missing = (await bench.credentials.start().catch((error: unknown) => error)) as WeirError;
    expect(missing.message).toContain(`${bench.certificate} (--tls-cert): there is no such file`);
    expect(missing.message).toContain(`${bench.key} (--tls-key): there is no such file`);
  });
});

describe("a change", () => {
  test("is taken once the files stand still", async () => {
    const bench = await new Bench().started();
    bench.write(second);
    await bench.credentials.look();
    await bench.credentials.look();
    expect(bench.published).toEqual([]);
    bench.nowMs += limits.filePartSettleMs;
    await bench.credentials.look();
    expect(bench.published.map(({ certificate }) => certificate)).toEqual([second.certificate]);
    expect(bench.credentials.current).toBe(bench.published[0] as ServerCredentials);
  });

  test("of one file after the other is no fault", async () => {
    const bench = await new Bench().started();
    writeFileSync(bench.certificate, second.certificate);
    await bench.credentials.look();
    bench.nowMs += limits.filePartSettleMs - 1;
    await bench.credentials.look();
    writeFileSync(bench.key, second.key);
    await bench.settle();
    expect(bench.linesWith("stay in use")).toEqual([]);
    expect(bench.published.length).toBe(1);
  });

  test("by files put in the place of others is seen", async () => {
    const bench = await new Bench().started();
    for (const name of ["certificate", "key"] as const) {
      writeFileSync(`${bench[name]}.new`, second[name]);
      renameSync(`${bench[name]}.new`, bench[name]);
    }
    await bench.settle();
    expect(bench.published.length).toBe(1);
  });

  test("back to what was there before is none", async () => {
    const bench = await new Bench().started();
    bench.write(second);
    await bench.credentials.look();
    bench.write(first);
    await bench.settle();
    expect(bench.published).toEqual([]);
    bench.write(second);
    await bench.credentials.look();
    expect(bench.published).toEqual([]);
  });

  test("to a pair that does not fit is told once, and the old one stays", async () => {
    const bench = await new Bench().started();
    writeFileSync(bench.key, second.key);
    for (let n = 0; n < 3; n++) await bench.settle();
    const told = bench.linesWith("the earlier certificate and key stay in use");
    expect(told.length).toBe(1);
    expect(told[0]).toContain(bench.key);
    expect(bench.published).toEqual([]);
    expect(bench.credentials.current?.certificate).toBe(first.certificate);
    rmSync(bench.key);
    await bench.settle();
    expect(bench.linesWith("stay in use").length).toBe(2);
    bench.write(second);
    await bench.settle();
    expect(bench.published.length).toBe(1);
  });

  test("is taken at once by whoever asks, who hears how the files are each time", async () => {
    const bench = await new Bench().started();
    bench.write(second);
    await bench.credentials.refresh();
    expect(bench.published.length).toBe(1);
    rmSync(bench.key);
    await bench.credentials.refresh();
    await bench.credentials.refresh();
    expect(bench.linesWith("stay in use").length).toBe(2);
    await bench.settle();
    expect(bench.linesWith("stay in use").length).toBe(2);
  });

  test("no line shows anything of a key", async () => {
    const bench = await new Bench().started();
    bench.write(second);
    await bench.settle();
    writeFileSync(bench.key, first.key);
    await bench.settle();
    const log = bench.lines.join("\n");
    for (const { key } of [first, second]) {
      for (const line of key.split("\n").slice(1, -2)) expect(log).not.toContain(line);
    }
  });
});

describe("a certificate that ends", () => {
  const endsIn = (days: number) =>
    authority.issue({ names: ["short"], validTo: new Date(Date.now() + days * dayMs + 3_600_000) });

  test("in more than thirty days is not told", async () => {
    const bench = await new Bench(endsIn(31)).started();
    expect(bench.linesWith("expires")).toEqual([]);
  });

  test("is told thirty days before, and each day, and when it has ended", async () => {
    const bench = await new Bench(endsIn(2)).started();
    expect(bench.linesWith("CN=short of").length).toBe(1);
    expect(bench.linesWith("expires in 2 days").length).toBe(1);
    await bench.credentials.look();
    expect(bench.linesWith("expires in").length).toBe(1);
    bench.nowMs += limits.certificateWarnEveryMs;
    await bench.credentials.look();
    expect(bench.linesWith("expires in 1 day,").length).toBe(1);
    bench.nowMs += 2 * limits.certificateWarnEveryMs;
    await bench.credentials.look();
    expect(bench.linesWith("expired on").length).toBe(1);
    bench.write(second);
    await bench.credentials.refresh();
    bench.nowMs += limits.certificateWarnEveryMs;
    await bench.credentials.look();
    expect(bench.linesWith("expired on").length).toBe(1);
  });
});
