/** What is in the files: each fault names its file and the reason. */
import { describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import type { X509Certificate } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { limits } from "../../../src/config/limits.ts";
import {
  judgeCredentials,
  type SoundCredentials,
} from "../../../src/credentials/judge-credentials.ts";
import { readPemFile } from "../../../src/credentials/pem-file.ts";
import { subjectOf } from "../../../src/credentials/read-certificates.ts";
import { makeAuthority } from "../../support/certificates.ts";
import { derIdentifier, derInteger, derOctets, derSequence } from "../../support/der.ts";
import { encryptedKey } from "./encrypted-key.ts";

const directory = mkdtempSync(join(tmpdir(), "weir-credentials-"));
const authority = makeAuthority("Test authority");
const sound = authority.issue({ names: ["node.example"], use: "server" });
const now = Date.now();
const dayMs = 86_400_000;

let files = 0;
function fileOf(content: string | Uint8Array): string {
  const path = join(directory, `${++files}.pem`);
  writeFileSync(path, content, { mode: 0o600 });
  return path;
}

async function judge(certificate: string, key: string, authorities?: string, nowMs = now) {
  const config = { certFile: certificate, keyFile: key, caFile: authorities ?? "" };
  return judgeCredentials(
    { ...config, clientAuth: authorities !== undefined, minVersion: "1.3" },
    {
      certificate: await readPemFile(certificate, "--tls-cert"),
      key: await readPemFile(key, "--tls-key"),
      authorities:
        authorities === undefined ? undefined : await readPemFile(authorities, "--tls-ca"),
    },
    nowMs,
  );
}

async function faultsOf(...paths: Parameters<typeof judge>): Promise<readonly string[]> {
  const judged = await judge(...paths);
  return "faults" in judged ? judged.faults : [];
}

const certificatePath = fileOf(sound.certificate);
const keyPath = fileOf(sound.key);
const caPath = fileOf(authority.certificate);

describe("a certificate, its key and an authority", () => {
  test("are used as they are", async () => {
    const judged = (await judge(certificatePath, keyPath, caPath)) as SoundCredentials;
    expect(judged.credentials).toMatchObject({ clientAuth: true, minVersion: "1.3" });
    expect(judged.credentials.authorities).toBe(authority.certificate);
    expect(judged.subject).toBe("CN=node.example");
    expect(judged.fingerprint).toMatch(/^[0-9a-f]{64}$/);
    expect(judged.warnings).toEqual([]);
    expect(judged.expiries.map(({ name }) => name)).toEqual([
      `CN=node.example of ${certificatePath} (--tls-cert)`,
      `CN=Test authority of ${caPath} (--tls-ca)`,
    ]);
  });

  test("may stand in one file, with other text around them, as long as it is", async () => {
    const both = fileOf(`Bag Attributes\r\n${sound.key}\r\nissuer=x\r\n${sound.certificate}`);
    expect(await faultsOf(both, both, both)).toEqual([
      `${both} (--tls-ca): CN=node.example is not a CA certificate (basic constraints); name the file with the CA certificate`,
    ]);
    expect(await faultsOf(both, both)).toEqual([]);
  });

  test("are authorities without what else is in their file", async () => {
    const path = fileOf(sound.certificate + authority.certificate);
    const judged = (await judge(certificatePath, keyPath, path)) as SoundCredentials;
    expect(judged.credentials.authorities).toBe(authority.certificate);
  });

  test("come with those of the authorities between", async () => {
    const chained = authority.below("Between").issue({ names: ["node.example"] });
    const path = fileOf(chained.certificate);
    const judged = (await judge(path, fileOf(chained.key))) as SoundCredentials;
    expect(judged.credentials.certificate.match(/BEGIN CERTIFICATE/g)?.length).toBe(2);
  });

  test("that others may read are used, with a warning; a group may read what root owns", async () => {
    const key = fileOf(sound.key);
    const warned = async (mode: number) => {
      chmodSync(key, mode);
      return ((await judge(certificatePath, key)) as SoundCredentials).warnings;
    };
    const words = `${key} (--tls-key): other users can read this secret (mode 0644); run chmod 600 on the file`;
    expect(await warned(0o644)).toEqual([words]);
    expect(await warned(0o600)).toEqual([]);
    expect(await warned(0o640)).toHaveLength(process.getuid?.() === 0 ? 0 : 1);
  });

  test("that clients may not like are used, with a warning", async () => {
    const doubtful = authority.issue({ commonName: "node", use: "client" });
    const path = fileOf(doubtful.certificate);
    const { warnings } = (await judge(path, fileOf(doubtful.key))) as SoundCredentials;
    expect(warnings.length).toBe(2);
    expect(warnings[0]).toStartWith(`${path} (--tls-cert): the certificate has no subjectAltName`);
    expect(warnings[1]).toContain("is not for servers");
  });
});

describe("what cannot be used is named with the reason", () => {
  const missing = join(directory, "none.pem");

  test("files that cannot be read", async () => {
    const folder = join(directory, "folder");
    mkdirSync(folder);
    expect(await faultsOf(missing, folder, join(certificatePath, "x"))).toEqual([
      `${missing} (--tls-cert): there is no such file`,
      `${folder} (--tls-key): it is a directory, not a file`,
      `${join(certificatePath, "x")} (--tls-ca): there is no such file`,
    ]);
    const loop = join(directory, "loop");
    symlinkSync(loop, loop);
    expect(await faultsOf(loop, keyPath)).toEqual([
      `${loop} (--tls-cert): it cannot be read: its symbolic links lead nowhere`,
    ]);
    const pipe = join(directory, "pipe");
    execFileSync("mkfifo", [pipe]);
    expect(await faultsOf(pipe, keyPath)).toEqual([
      `${pipe} (--tls-cert): it is not a regular file, so it could not be read again`,
    ]);
  });

  test("files with nothing, too much or something else in them", async () => {
    const empty = fileOf("");
    const huge = fileOf(new Uint8Array(limits.credentialFileBytesMax + 1).fill(0x61));
    const der = fileOf(new Uint8Array([0x30, 0x82, 1, 1]));
    const text = fileOf("hello");
    expect(await faultsOf(empty, huge, der)).toEqual([
      `${empty} (--tls-cert): it is empty`,
      `${huge} (--tls-key): it is larger than 1 MiB`,
      `${der} (--tls-ca): it is DER, not PEM: convert it with openssl`,
    ]);
    const [certificate, key, authorities] = await faultsOf(text, text, text);
    expect(certificate).toStartWith(`${text} (--tls-cert): it holds no certificate`);
    expect(key).toStartWith(`${text} (--tls-key): it holds no private key`);
    expect(authorities).toStartWith(`${text} (--tls-ca): it holds no certificate`);
  });

  test("a certificate and a key that are mixed up", async () => {
    expect(await faultsOf(keyPath, certificatePath)).toEqual([
      `${keyPath} (--tls-cert): it holds a private key and no certificate: are two files mixed up?`,
      `${certificatePath} (--tls-key): it holds a certificate and no private key: are two files mixed up?`,
    ]);
  });

  test("damaged ones", async () => {
    const damage = (text: string) => text.replace(/[A-Za-z0-9+/]{40}/, "A".repeat(40));
    const certificate = fileOf(damage(sound.certificate));
    const key = fileOf(damage(sound.key));
    const authorities = fileOf(authority.certificate + damage(authority.certificate));
    const faults = await faultsOf(certificate, key, authorities);
    expect(faults[0]).toStartWith(
      `${certificate} (--tls-cert): the certificate in it is damaged: `,
    );
    expect(faults[1]).toStartWith(`${key} (--tls-key): the key in it is damaged: `);
    expect(faults.join(" ")).not.toContain("OPENSSL");
    expect(faults[2]).toStartWith(`${authorities} (--tls-ca): certificate 2 in it is damaged: `);
  });

  test.each<[string, (text: string) => string]>([
    ["cut off", (text) => text.slice(0, -200)],
    ["cut off, and followed by another", (text) => text.slice(0, -200) + authority.certificate],
    ["with an END that is none", (text) => text.replace("-----END", "----- END")],
    ["with a BEGIN that is none", (text) => text.replace("BEGIN CERT", "BEGIN  CERT")],
    ["with a dash in it", (text) => text.replace(/[A-Za-z0-9+/]{40}/, "-")],
  ])("one that is %s, beside a sound one", async (_, damage) => {
    const chain = fileOf(sound.certificate + damage(authority.certificate));
    const authorities = fileOf(damage(authority.certificate) + authority.certificate);
    const words = "a certificate in it is damaged: its BEGIN and END lines do not belong together";
    expect(await faultsOf(chain, keyPath, authorities)).toEqual([
      `${chain} (--tls-cert): ${words}`,
      `${authorities} (--tls-ca): ${words}`,
    ]);
  });

  test("a key of another kind", async () => {
    // Ed448 (RFC 8410 section 7).
    const ed448 = derSequence(
      derInteger(0),
      derSequence(derIdentifier("1.3.101.113")),
      derOctets(derOctets(Buffer.alloc(57, 1))),
    ).toString("base64");
    const key = fileOf(`-----BEGIN PRIVATE KEY-----\n${ed448}\n-----END PRIVATE KEY-----\n`);
    const [fault] = await faultsOf(certificatePath, key);
    expect(fault).toStartWith(
      `${key} (--tls-key): the key in it is of an unknown kind; known are RSA,`,
    );
  });

  test("a key of another certificate", async () => {
    const other = fileOf(authority.issue({ names: ["other"] }).key);
    expect(await faultsOf(certificatePath, other)).toEqual([
      `${other} (--tls-key): it is not the key of the certificate in ${certificatePath} (--tls-cert)`,
    ]);
  });

  test("an encrypted key, of either form, with the way out", async () => {
    const legacy =
      "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAA==\n" +
      "-----END RSA PRIVATE KEY-----\n";
    for (const text of [encryptedKey(), legacy]) {
      const [fault] = await faultsOf(certificatePath, fileOf(text));
      expect(fault).toContain("(--tls-key): the key is encrypted");
      expect(fault).toContain("openssl pkey");
    }
  });

  test("certificates that have expired or are not valid yet", async () => {
    const late = authority.issue({ names: ["late"], validTo: new Date(now - 1000) });
    const early = authority.issue({ names: ["early"], validFrom: new Date(now + dayMs) });
    const [lateFault] = await faultsOf(fileOf(late.certificate), fileOf(late.key));
    expect(lateFault).toMatch(/\(--tls-cert\): CN=late expired on \d{4}-\d\d-\d\d [\d:]{8} UTC$/);
    const [earlyFault] = await faultsOf(fileOf(early.certificate), fileOf(early.key));
    expect(earlyFault).toMatch(/CN=early is not valid before \d{4}-\d\d-\d\d/);
  });

  test("authorities of which not one is valid", async () => {
    const after = now + 20 * 365 * dayMs;
    const faults = await faultsOf(certificatePath, keyPath, caPath, after);
    expect(faults.at(-1)).toMatch(/\(--tls-ca\): CN=Test authority expired on/);
  });

  test("a certificate without a subject is one", () => {
    const nameless = { subject: undefined } as unknown as X509Certificate;
    expect(subjectOf(nameless)).toBe("a certificate without a subject");
  });

  test("whatever the library cannot do with them is a fault like any other", () => {
    const failing = {
      name: "x",
      fault: "",
      exposure: "",
      get text(): string {
        throw new Error("error:0c00006d:ASN.1 encoding routines:OPENSSL_internal:DECODE_ERROR");
      },
    };
    const judged = judgeCredentials(
      { certFile: "", keyFile: "", caFile: "", clientAuth: false, minVersion: "1.3" },
      { certificate: failing, key: failing, authorities: undefined },
      now,
    );
    expect(judged).toEqual({ faults: ["x or x: decode error"] });
  });

  test("no fault shows anything of a key", async () => {
    const other = authority.issue({ names: ["other"] }).key;
    const damaged = other.replace(/\n/, "\nAAAA");
    for (const text of [other, damaged, encryptedKey()]) {
      const faults = (await faultsOf(certificatePath, fileOf(text))).join("\n");
      for (const line of text.split("\n").slice(1, -2)) expect(faults).not.toContain(line);
    }
  });
});
