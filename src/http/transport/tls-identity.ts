// Who this program is on encrypted connections, and whom it believes: what its files hold. When
// these change it is read again, without a connection being cut; what cannot be used is not taken,
// and the old one stays.
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import type { Say } from './carriers.ts';
import { contextOptions } from './tls-context.ts';
import { readMaterial, traceOf } from './tls-files.ts';
import { TlsSettingError, type TlsSettings } from './tls-settings.ts';

export interface Identity {
  readonly options: SecureContextOptions;
  readonly context: SecureContext;
  /** When the certificate expires; undefined where there is none. */
  readonly expiresMs: number | undefined;
}

/** How often the files are looked at. */
const LOOK_MS = 2_000;

export class TlsIdentity {
  /** How often changed files could not be used. */
  failedReloads = 0;
  readonly #settings: TlsSettings;
  readonly #changed: ((identity: Identity) => void)[] = [];
  #identity: Identity;
  #say: Say = () => undefined;
  /** The trace of the files that were read last, and that of the last look. */
  #read: string;
  #seen: string;
  #timer: NodeJS.Timeout;

  private constructor(settings: TlsSettings, identity: Identity, trace: string, lookMs: number) {
    this.#settings = settings;
    this.#identity = identity;
    this.#read = trace;
    this.#seen = trace;
    this.#timer = this.#lookAfter(lookMs);
  }

  /** Rejects with TlsSettingError. `lookMs` is how often the files are looked at. */
  static async open(settings: TlsSettings, lookMs = LOOK_MS): Promise<TlsIdentity> {
    const trace = await traceOf(settings.files);
    return new TlsIdentity(settings, await readIdentity(settings), trace, lookMs);
  }

  get current(): Identity {
    return this.#identity;
  }

  /** Called with each new identity. */
  onChange(changed: (identity: Identity) => void): void {
    this.#changed.push(changed);
  }

  /** Where it is told that files have changed; nowhere before. */
  tell(say: Say): void {
    this.#say = say;
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #lookAfter(lookMs: number): NodeJS.Timeout {
    return setTimeout(() => {
      void this.#look().then(() => {
        this.#timer = this.#lookAfter(lookMs);
      });
    }, lookMs).unref();
  }

  async #look(): Promise<void> {
    const trace = await traceOf(this.#settings.files);
    // Files change one after the other: they are read when all have been still for a while.
    const isStill = trace === this.#seen;
    this.#seen = trace;
    if (isStill && trace !== this.#read) {
      this.#read = trace;
      await this.#reload();
    }
  }

  async #reload(): Promise<void> {
    try {
      this.#identity = await readIdentity(this.#settings);
    } catch (error) {
      this.failedReloads++;
      const why = error instanceof TlsSettingError ? error.message : String(error);
      this.#say('warn', `TLS goes on with the files as they were before: ${why}`);
      return;
    }
    for (const changed of this.#changed) {
      changed(this.#identity);
    }
    const { expiresMs } = this.#identity;
    const until =
      expiresMs === undefined ? '' : `, valid until ${new Date(expiresMs).toISOString()}`;
    this.#say('info', `The files of TLS were read again${until}`);
  }
}

async function readIdentity(settings: TlsSettings): Promise<Identity> {
  const material = await readMaterial(settings.files, Date.now());
  const options = contextOptions(material, settings.terms);
  return { options, context: createSecureContext(options), expiresMs: material.expiresMs };
}
