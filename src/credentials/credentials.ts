/**
 * The certificate, key and authorities of a node, followed for as long as it runs. What can be used is
 * published; what cannot is told once, and what was there before stays in use.
 */
import { isDeepStrictEqual } from "node:util";
import { assert } from "../base/assert.ts";
import type { Clock } from "../base/clock.ts";
import { WeirError } from "../base/errors.ts";
import { type FileContents, FollowedFiles } from "../base/followed-files.ts";
import { followTimes } from "../config/follow-times.ts";
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
import { type PemFile, pemFile } from "./pem-file.ts";
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
  /** What was judged last, good or bad. */
  private judged: CredentialFiles | undefined = undefined;
  private readonly files: FollowedFiles;

  constructor(options: CredentialsOptions) {
    this.options = options;
    const { clock } = options;
    const { certFile, keyFile, caFile } = options.config;
    this.files = new FollowedFiles({
      paths: [certFile, keyFile, caFile].filter((path) => path !== ""),
      bytesMax: limits.credentialFileBytesMax,
      times: followTimes,
      clock,
      take: (contents, asked) => this.take(this.pemFiles(contents), asked),
    });
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
    const files = this.pemFiles(await this.files.read());
    const { config, clock } = this.options;
    const sound = judgeCredentials(config, files, clock.wallMs());
    if ("faults" in sound) throw new WeirError("tls-files", sound.faults.join("; "));
    this.judged = files;
    this.use(sound);
    this.files.follow(() => this.look());
  }

  stop(): void {
    this.files.close();
  }

  /** Looks whether there is something new in the files that stands still. */
  look(): Promise<void> {
    this.tellExpiry();
    return this.files.look();
  }

  /** Reads the files at once, and says how they are even when nothing has changed. */
  refresh(): Promise<void> {
    return this.files.refresh();
  }

  private take(files: CredentialFiles, asked: boolean): void {
    // Back to what was there before is no change.
    if (!asked && isDeepStrictEqual(files, this.judged)) return;
    const { config, events, clock, publish } = this.options;
    this.judged = files;
    const sound = judgeCredentials(config, files, clock.wallMs());
    if ("faults" in sound) {
      const faults = sound.faults.join("; ");
      events.tell(
        credentialsEvent.broken,
        `${faults}; the earlier certificate and key stay in use`,
      );
      return;
    }
    this.use(sound);
    publish(sound.credentials);
  }

  private use({ credentials, expiries, subject, fingerprint, warnings }: SoundCredentials): void {
    const { events } = this.options;
    this.inForce = credentials;
    this.expiries = expiries;
    events.tell(credentialsEvent.loaded, `TLS is on, with the certificate ${subject}`, {
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

  private pemFiles(contents: FileContents): CredentialFiles {
    const { certFile, keyFile, caFile } = this.options.config;
    const at = (path: string, flag: string): PemFile => {
      const content = contents.get(path);
      assert(content !== undefined, "all files are read together");
      return pemFile(content, path, flag);
    };
    return {
      certificate: at(certFile, "--tls-cert"),
      key: at(keyFile, "--tls-key"),
      authorities: caFile === "" ? undefined : at(caFile, "--tls-ca"),
    };
  }
}

function clientCertificates({ authorities, clientAuth }: ServerCredentials): string {
  if (clientAuth) return "demanded";
  return authorities === "" ? "not asked for" : "asked for";
}
