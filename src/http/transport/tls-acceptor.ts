// Makes accepted sockets into encrypted streams. The first byte tells a handshake from what comes
// without encryption; that is taken where the operator says so (downgrade), and otherwise told what
// is wrong.
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { placeOf, plainIp } from '../../model/origin.ts';
import { principalOf } from '../server/certificate-authenticator.ts';
import { badRequest } from '../server/error-responses.ts';
import { Mentioned } from '../server/mentioned.ts';
import type { Refused, Say } from './carriers.ts';
import { TLS_HANDSHAKE } from './limits.ts';
import { endWhenAsked, endWith } from './refusal.ts';
import { TlsClients } from './tls-clients.ts';
import { type HandshakeBounds, TlsHandshakes } from './tls-handshakes.ts';
import type { TlsIdentity } from './tls-identity.ts';
import { reasonOf } from './tls-reason.ts';
import type { TlsSettings } from './tls-settings.ts';

const plainRefusal = badRequest(
  'This port speaks TLS, and the request came without: use https, or LIBPROCESS_SSL_ENABLED=true.',
);

export interface AcceptorCounts {
  /** Handshakes that failed, and clients whose certificates were refused. */
  readonly failed: number;
  /** Connections without encryption that were taken, and refused. */
  readonly downgraded: number;
  readonly plain: number;
}

export class TlsAcceptor {
  readonly counts = { failed: 0, downgraded: 0, plain: 0 } satisfies AcceptorCounts;
  readonly #handshakes: TlsHandshakes;
  readonly #clients: TlsClients;
  readonly #downgrades: boolean;
  readonly #say: Say;
  readonly #refused: Refused;
  readonly #mentioned = new Mentioned();

  constructor(
    identity: TlsIdentity,
    { trust, downgrades }: TlsSettings,
    { say, refused }: { readonly say: Say; readonly refused: Refused },
    bounds: HandshakeBounds = {},
  ) {
    this.#handshakes = new TlsHandshakes(identity, trust.requiresClients, bounds);
    this.#clients = new TlsClients(trust);
    this.#downgrades = downgrades;
    this.#say = say;
    this.#refused = refused;
  }

  /** Rejects where the connection ends before; that of a refused peer ends soon. */
  async secure(socket: Socket): Promise<Duplex> {
    const ended = whenClosed(socket);
    const ip = plainIp(socket.remoteAddress ?? '');
    if ((await Promise.race([firstByte(socket), ended])) !== TLS_HANDSHAKE) {
      return this.#takesPlain(socket, ip) ? socket : ended;
    }
    const stream = await this.#handshake(socket, ip);
    const refusal = await this.#clients.refusal(stream);
    if (refusal === undefined) {
      return stream;
    }
    this.#failed(ip, `The client is refused: ${refusal}`);
    this.#refused(ip, refusal, principalOf(stream.getPeerX509Certificate()?.subject ?? ''));
    endWhenAsked(stream, badRequest(`This client is refused: ${refusal}.`));
    return ended;
  }

  #takesPlain(socket: Socket, ip: string): boolean {
    if (this.#downgrades) {
      this.counts.downgraded++;
      return true;
    }
    this.counts.plain++;
    this.#mention(ip, 'It does not speak TLS, as this port does');
    endWith(socket, plainRefusal);
    return false;
  }

  async #handshake(socket: Socket, ip: string): Promise<TLSSocket> {
    try {
      return await this.#handshakes.make(socket);
    } catch (error) {
      this.#failed(ip, `The handshake of TLS failed: ${reasonOf(error as Error)}`);
      throw error;
    }
  }

  #failed(ip: string, why: string): void {
    this.counts.failed++;
    this.#mention(ip, why);
  }

  /** Once for each place and reason: some try again every second. */
  #mention(ip: string, why: string): void {
    if (this.#mentioned.isNew(`${placeOf(ip)} ${why}`)) {
      const text = `Connections from ${ip} are closed. ${why} (said once)`;
      this.#say('warn', text, { topic: 'TLS', origin: ip });
    }
  }
}

const whenClosed = (socket: Socket) => {
  const closed = new Promise<never>((_, reject) => {
    socket.once('close', () => reject(new Error('the connection has ended')));
  });
  closed.catch(() => undefined);
  return closed;
};

/** The first byte, which stays to be read. A connection that ends without one is closed. */
const firstByte = (socket: Socket) =>
  new Promise<number>((resolve) => {
    const look = () => {
      const bytes = socket.read(1) as Buffer | null;
      const [byte] = bytes ?? [];
      if (bytes === null || byte === undefined) {
        return;
      }
      socket.off('readable', look);
      socket.off('end', hangUp);
      socket.unshift(bytes);
      resolve(byte);
    };
    const hangUp = () => socket.destroy();
    socket.on('readable', look);
    socket.on('end', hangUp);
  });
