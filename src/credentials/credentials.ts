/**
 * The certificate, key and authorities of a node, followed for as long as it runs. What can be used is
 * published; what cannot is told once, and what was there before stays in use.
 */
import { createHash } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import { WeirError } from "../base/errors.ts";
import { limits } from "../config/limits.ts";
import type { TlsConfig } from "../config/tls-config.ts";
import type { Events } from "../telemetry/events.ts";
import { credentialsEvent } from "./events.ts";
import { type Expiry, expiryNotices } from "./expiry.ts";
import {
  type CredentialFiles,
  judgeCredentials,
  type SoundCredentials,
} from "./judge-credentials.ts";
import { readPemFile } from "./pem-file.ts";
import type { ServerCredentials } from "./server-credentials.ts";

export interface CredentialsOptions {
  readonly config: TlsConfig;
  readonly events: Events;
  readonly clock: Clock;
  /** Takes what the next handshakes use. */
  readonly publish: (credentials: ServerCredentials) => void;
}

export class Credentials {
  private readonly options: CredentialsOptions;
  private inForce: ServerCredentials | undefined = undefined;
  private expiries: readonly Expiry[] = [];
  private warnedMs = Number.NEGATIVE_INFINITY;
  /** Digest of the content that was judged last, good or bad. */
  private judged = "";
  /** Another that was seen since, and when it was first. */
  private unsettled = { digest: "", sinceMs: 0 };
  private looking = false;
  private timer: Timer | undefined = undefined;

  constructor(options: CredentialsOptions) {
    this.options = options;
  }

  /** What is in use; undefined before `start`. */
  get current(): ServerCredentials | undefined {
    return this.inForce;
  }

  /** When the node's own certificate ends, in milliseconds since 1970. */
  get endsMs(): number {
    // The first is that of the node; those of authorities follow.
    return this.expiries[0]?.validToMs ?? 0;
  }

  /**
   * Reads the files, and follows them from then on until `stop`.
   * @throws WeirError `tls-files` that names each file that cannot be used and why
   */
  async start(): Promise<void> {
    const files = await this.read();
    const { config, clock } = this.options;
    const sound = judgeCredentials(config, files, clock.wallMs());
    if ("faults" in sound) throw new WeirError("tls-files", sound.faults.join("; "));
    this.judged = digestOf(files);
    this.use(sound);
    this.timer = setInterval(() => void this.look(), limits.credentialsPollMs);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Looks whether there is something new in the files that stands still. Never rejects. */
  async look(): Promise<void> {
    this.tellExpiry();
    // A file system that does not answer is waited for by one look alone.
    if (this.looking) return;
    this.looking = true;
    const files = await this.read();
    this.looking = false;
    const digest = digestOf(files);
    if (digest === this.judged) {
      this.unsettled = { digest: "", sinceMs: 0 };
      return;
    }
    // Certificate and key are two files: between the two writes they do not fit.
    const now = this.options.clock.monotonicMs();
    if (digest !== this.unsettled.digest) this.unsettled = { digest, sinceMs: now };
    else if (now - this.unsettled.sinceMs >= limits.credentialsSettleMs) this.judge(files);
  }

  /** Reads the files at once, and says how they are even when nothing has changed. Never rejects. */
  async refresh(): Promise<void> {
    this.judge(await this.read());
  }

  private judge(files: CredentialFiles): void {
    const { config, events, clock, publish } = this.options;
    this.judged = digestOf(files);
    const sound = judgeCredentials(config, files, clock.wallMs());
    if ("faults" in sound) {
      const faults = sound.faults.join("; ");
      events.tell(credentialsEvent.broken, `${faults}; what was in use before stays in use`);
      return;
    }
    this.use(sound);
    publish(sound.credentials);
  }

  private use({ credentials, expiries, subject, fingerprint, warnings }: SoundCredentials): void {
    const { events } = this.options;
    this.inForce = credentials;
    this.expiries = expiries;
    events.tell(credentialsEvent.loaded, `TLS with the certificate ${subject}`, {
      fingerprint,
      client_certificates: clientCertificates(credentials),
    });
    for (const warning of warnings) events.tell(credentialsEvent.doubtful, warning);
    this.warnedMs = Number.NEGATIVE_INFINITY;
    this.tellExpiry();
  }

  private tellExpiry(): void {
    const { events, clock } = this.options;
    const now = clock.wallMs();
    if (now - this.warnedMs < limits.certificateWarnEveryMs) return;
    this.warnedMs = now;
    for (const { expired, text } of expiryNotices(this.expiries, now)) {
      if (expired) events.tell(credentialsEvent.expired, text);
      else events.tell(credentialsEvent.expiring, text);
    }
  }

  private async read(): Promise<CredentialFiles> {
    const { certFile, keyFile, caFile } = this.options.config;
    const [certificate, key, authorities] = await Promise.all([
      readPemFile(certFile, "--tls-cert"),
      readPemFile(keyFile, "--tls-key"),
      caFile === "" ? undefined : readPemFile(caFile, "--tls-ca"),
    ]);
    return { certificate, key, authorities };
  }
}

function clientCertificates({ authorities, clientAuth }: ServerCredentials): string {
  if (clientAuth) return "demanded";
  return authorities === "" ? "not asked for" : "asked for";
}

function digestOf({ certificate, key, authorities }: CredentialFiles): string {
  const hash = createHash("sha256");
  for (const file of [certificate, key, authorities]) {
    hash.update(JSON.stringify([file?.text, file?.fault]));
  }
  return hash.digest("hex");
}
