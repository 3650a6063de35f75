// Which clients are let in, where they must show a certificate: the verdict on one whose handshake
// is done.
import type { TLSSocket } from 'node:tls';
import { plainIp } from '../../model/origin.ts';
import { AddressNames } from './tls-names.ts';
import { chainOf, isComplete, tooLong, unlikeKnown } from './tls-peer.ts';
import { NO_CERTIFICATE } from './tls-reason.ts';
import type { TlsTrust } from './tls-settings.ts';

/** The most certificates that are remembered as those of clients that were let in. */
const MOST_KNOWN = 16_384;

export class TlsClients {
  readonly #trust: TlsTrust;
  readonly #names = new AddressNames();
  /** Fingerprints of certificates with a chain of allowed length. */
  readonly #known = new Set<string>();

  constructor(trust: TlsTrust) {
    this.#trust = trust;
  }

  /** Why the client is refused; undefined where it is let in. */
  async refusal(stream: TLSSocket): Promise<string | undefined> {
    if (!this.#trust.requiresClients) {
      return undefined;
    }
    const certificate = stream.getPeerX509Certificate();
    // Node calls a session that goes on authorized even if it began without a certificate.
    if (certificate === undefined) {
      return NO_CERTIFICATE;
    }
    if (!stream.authorized) {
      return `its certificate cannot be verified (${stream.authorizationError})`;
    }
    const why = this.#chainRefusal(stream);
    if (why !== undefined || this.#trust.scheme === 'openssl') {
      return why;
    }
    const ip = plainIp(stream.remoteAddress ?? '');
    return unlikeKnown(certificate, { name: await this.#names.nameOf(ip), ip }, this.#trust);
  }

  /** A session that goes on does not show the certificates between: it began with them. */
  #chainRefusal(stream: TLSSocket): string | undefined {
    const certificate = stream.getPeerCertificate(true);
    const { fingerprint256 } = certificate;
    const chain = chainOf(certificate);
    if (!isComplete(chain)) {
      return this.#known.has(fingerprint256) ? undefined : 'its chain of certificates is not known';
    }
    const why = tooLong(chain, this.#trust);
    if (why === undefined) {
      this.#remember(fingerprint256);
    }
    return why;
  }

  #remember(fingerprint: string): void {
    this.#known.delete(fingerprint);
    this.#known.add(fingerprint);
    for (const oldest of this.#known.size > MOST_KNOWN ? this.#known : []) {
      this.#known.delete(oldest);
      break;
    }
  }
}
