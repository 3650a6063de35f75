// Opens encrypted connections. A session that was begun with a peer goes on at the next connection
// to it, which saves both sides the costly part of the handshake.
import { X509Certificate } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import tls, {
  type ConnectionOptions,
  type DetailedPeerCertificate,
  type TLSSocket,
} from 'node:tls';
import { parseAddress } from '../../model/address.ts';
import {
  type Dialed,
  type Dialer,
  type DialOptions,
  ignoring,
  plainDialer,
  WITHOUT_TLS,
} from './dialer.ts';
import type { TlsIdentity } from './tls-identity.ts';
import { AddressNames } from './tls-names.ts';
import { chainOf, type ExpectedPeer, tooLong, unlikeDialled, unlikeKnown } from './tls-peer.ts';
import { reasonOf } from './tls-reason.ts';
import type { TlsSettings, TlsTrust } from './tls-settings.ts';

/** The most peers of which a session is kept, each of some kilobytes. */
const MOST_SESSIONS = 4_096;
/** The most servers that are known by name: masters. */
const MOST_HOSTS = 256;
/** The most peers without TLS that are remembered, and for how long. */
const MOST_PLAIN = 16_384;
const PLAIN_MS = 60_000;

const UNOPENED: ReadonlySet<string> = new Set(['connect', 'getaddrinfo']);

/** What comes of a handshake with what does not speak TLS: it answers something, or hangs up. */
const NO_TLS: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'EPIPE',
  'EPROTO',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
  'ERR_SSL_WRONG_VERSION_NUMBER',
]);

/** A server shows a certificate of an authority that is believed, and is not who was dialled. */
class CertificateRefusedError extends Error {
  readonly code = 'MESOSCALE_CERTIFICATE_REFUSED';

  constructor(why: string) {
    super(`its certificate is refused: ${why}`);
  }
}

/** `lookUp` finds the IP address of the peer, and its name, before the connection is opened. */
interface Verification {
  readonly rejectUnauthorized: boolean;
  readonly checkServerIdentity: NonNullable<ConnectionOptions['checkServerIdentity']>;
  readonly lookUp?: () => Promise<string>;
}

const NO_VERIFICATION: Verification = {
  rejectUnauthorized: false,
  checkServerIdentity: () => undefined,
};

export class TlsDialer implements Dialer {
  readonly downgrades: boolean;
  readonly #identity: TlsIdentity;
  readonly #trust: TlsTrust;
  readonly #names = new AddressNames();
  /** By address, the oldest first. */
  readonly #sessions = new Map<string, Buffer>();

  /** The hosts at some addresses, the oldest first. */
  readonly #hosts = new Map<string, string>();

  /** Addresses of peers without TLS, and when they are tried again with it. */
  readonly #plain = new Map<string, number>();

  constructor(identity: TlsIdentity, { trust, downgrades }: TlsSettings) {
    this.#identity = identity;
    this.#trust = trust;
    this.downgrades = downgrades;
    // What was agreed upon by the old certificate, or in trust of the old authorities, ends.
    identity.onChange(() => this.#sessions.clear());
  }

  /** The certificate of the server at the address is expected to be one of this host. */
  expect(address: string, host: string): void {
    keepLast(this.#hosts, address, host, MOST_HOSTS);
  }

  dial(address: string, options: DialOptions = {}): Dialed {
    return this.#isPlain(address)
      ? plainDialer.dial(address, options)
      : this.#dial(address, options);
  }

  #isPlain(address: string): boolean {
    const untilMs = this.#plain.get(address);
    if (untilMs !== undefined && untilMs <= performance.now()) {
      this.#plain.delete(address);
    }
    return this.#plain.has(address);
  }

  #dial(address: string, options: DialOptions): Dialed {
    const { onOpen, ignoresInput } = options;
    const { host, port } = parseAddress(address) ?? { host: '', port: 0 };
    const name = this.#hosts.get(address) ?? (isIP(host) === 0 ? host : undefined);
    const { lookUp, ...verification } = this.#verification(host, name);
    const socket = tls.connect({
      // Node looks no address up.
      host: lookUp === undefined ? host : `name of ${host}`,
      ...(lookUp !== undefined && { lookup: nodeLookup(lookUp) }),
      port,
      ...(name !== undefined && { servername: name }),
      ...ignoring(options),
      ...verification,
      secureContext: this.#identity.current.context,
      session: this.#sessions.get(address),
    });
    socket.setNoDelay(true);
    let isOpen = false;
    socket.once('secureConnect', () => {
      isOpen = true;
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      // As the first listener, before others show the message.
      const { code = '', syscall = '' } = error;
      // Of a connection that could not be opened, the system's words say enough.
      if (!UNOPENED.has(syscall)) {
        error.message = `${address}: ${reasonOf(error)}`;
      }
      if (this.downgrades && !isOpen && NO_TLS.has(code)) {
        error.code = WITHOUT_TLS;
        keepLast(this.#plain, address, performance.now() + PLAIN_MS, MOST_PLAIN);
      }
    });
    this.#keepSessions(address, socket);
    if (onOpen) {
      socket.once('secureConnect', onOpen);
    }
    if (ignoresInput === true) {
      socket.resume();
    }
    return socket;
  }

  /** The checks end before a byte of the caller's is sent. */
  #verification(host: string, name: string | undefined): Verification {
    const { verifiesServers, scheme } = this.#trust;
    if (!verifiesServers) {
      return NO_VERIFICATION;
    }
    if (scheme === 'openssl' || host === '') {
      const peer = { name, ip: host };
      return this.#checking((certificate) => unlikeDialled(certificate, peer, this.#trust));
    }
    let peer: ExpectedPeer = { name, ip: host };
    return {
      ...this.#checking(({ raw }) => unlikeKnown(new X509Certificate(raw), peer, this.#trust)),
      lookUp: async () => {
        const ip = isIP(host) === 0 ? (await lookup(host)).address : host;
        peer = { name: (await this.#names.nameOf(ip)) ?? name, ip };
        return ip;
      },
    };
  }

  #checking(unlike: (certificate: DetailedPeerCertificate) => string | undefined): Verification {
    return {
      rejectUnauthorized: true,
      checkServerIdentity: (_, certificate) => {
        // Node knows more of it than its type says.
        const detailed = certificate as DetailedPeerCertificate;
        const why = tooLong(chainOf(detailed), this.#trust) ?? unlike(detailed);
        return why === undefined ? undefined : new CertificateRefusedError(why);
      },
    };
  }

  #keepSessions(address: string, socket: TLSSocket): void {
    const { context } = this.#identity.current;
    let session: Buffer | undefined;
    let isOpen = false;
    const keep = () => {
      if (isOpen && session !== undefined && context === this.#identity.current.context) {
        keepLast(this.#sessions, address, session, MOST_SESSIONS);
      }
    };
    socket.on('session', (begun: Buffer) => {
      session = begun;
      keep();
    });
    socket.once('secureConnect', () => {
      isOpen = true;
      keep();
    });
    // It may be the session that the peer does not like.
    socket.once('error', () => this.#sessions.delete(address));
  }
}

/** Sets an entry; beyond the bound, the oldest one goes. */
function keepLast<Value>(kept: Map<string, Value>, key: string, value: Value, most: number): void {
  kept.delete(key);
  kept.set(key, value);
  for (const oldest of kept.size > most ? kept.keys() : []) {
    kept.delete(oldest);
    break;
  }
}

const nodeLookup =
  (lookUp: () => Promise<string>): LookupFunction =>
  (_, { all }, tell) => {
    lookUp().then(
      (ip) =>
        all === true ? tell(null, [{ address: ip, family: isIP(ip) }]) : tell(null, ip, isIP(ip)),
      (error) => tell(error, ''),
    );
  };
