// TLS as carriers: one identity for all connections of a program.
import type { Carriers, Refused, Say } from './carriers.ts';
import { TlsAcceptor } from './tls-acceptor.ts';
import { unknownCiphers } from './tls-context.ts';
import { TlsDialer } from './tls-dialer.ts';
import type { HandshakeBounds } from './tls-handshakes.ts';
import { TlsIdentity } from './tls-identity.ts';
import type { TlsSettings } from './tls-settings.ts';

export interface TlsBounds extends HandshakeBounds {
  /** How often the files are looked at. */
  readonly lookMs?: number | undefined;
}

/** Rejects with TlsSettingError. */
export async function openTls(settings: TlsSettings, bounds: TlsBounds = {}): Promise<TlsCarriers> {
  return new TlsCarriers(settings, await TlsIdentity.open(settings, bounds.lookMs), bounds);
}

export class TlsCarriers implements Carriers {
  readonly secure: Carriers['secure'];
  readonly dialer: TlsDialer;
  readonly maySecureLate: boolean;
  readonly #settings: TlsSettings;
  readonly #identity: TlsIdentity;
  readonly #acceptor: TlsAcceptor;
  #say: Say = () => undefined;
  #refused: Refused = () => undefined;

  constructor(settings: TlsSettings, identity: TlsIdentity, bounds: TlsBounds) {
    const say: Say = (...line) => this.#say(...line);
    this.#settings = settings;
    this.#identity = identity;
    identity.tell(say);
    const refused: Refused = (...client) => this.#refused(...client);
    this.#acceptor = new TlsAcceptor(identity, settings, { say, refused }, bounds);
    this.secure = (socket) => this.#acceptor.secure(socket);
    this.dialer = new TlsDialer(identity, settings);
    this.maySecureLate = settings.downgrades;
  }

  expect(address: string, host: string): void {
    this.dialer.expect(address, host);
  }

  tell(say: Say): void {
    this.#say = say;
    for (const notice of noticesOf(this.#settings)) {
      say('warn', notice);
    }
  }

  onRefused(refused: Refused): void {
    this.#refused = refused;
  }

  metrics(): Record<string, number> {
    const { failed, downgraded, plain } = this.#acceptor.counts;
    const { expiresMs } = this.#identity.current;
    return {
      'tls/certificate_expires_secs':
        expiresMs === undefined ? 0 : Math.round((expiresMs - Date.now()) / 1000),
      'tls/certificate_reload_failures': this.#identity.failedReloads,
      'tls/connections_downgraded': downgraded,
      'tls/connections_without_tls': plain,
      'tls/handshake_failures': failed,
    };
  }

  close(): void {
    this.#identity.close();
  }
}

/** What an operator may not have meant. */
function noticesOf({ terms, trust, downgrades }: TlsSettings): readonly string[] {
  const unknown = unknownCiphers(terms.ciphers);
  return [
    trust.verifiesServers
      ? undefined
      : 'The certificates of servers are not verified: see --ssl_verify_server_cert',
    downgrades
      ? 'Connections without encryption are taken and opened, too (--ssl_support_downgrade)' +
        (trust.verifiesServers ? ', and so certificates can be evaded' : '')
      : undefined,
    unknown.length > 0 ? `--ssl_ciphers: OpenSSL does not know ${unknown.join(', ')}` : undefined,
  ].filter((notice) => notice !== undefined);
}
