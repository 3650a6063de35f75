// The handshakes of accepted connections, made by a server of node:tls that has no port of its own.
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { ACCEPTING } from './limits.ts';
import type { TlsIdentity } from './tls-identity.ts';

export interface HandshakeBounds {
  /** How long a handshake may take. */
  readonly handshakeMs?: number | undefined;
  /** The most handshakes at once; at that number the oldest ends. */
  readonly most?: number | undefined;
}

const HANDSHAKE_MS = 10_000;
/** An honest handshake takes milliseconds, and so is not among the oldest of so many. */
const MOST = 2_048;

interface Running {
  readonly socket: Socket;
  readonly done: (stream: TLSSocket) => void;
  readonly failed: (why: Error) => void;
}

export class TlsHandshakes {
  readonly #server: Server;
  readonly #most: number;
  /** By the two ends of the connection, the oldest first. */
  readonly #running = new Map<string, Running>();

  /** `asksClients`: for certificates, which are judged elsewhere. */
  constructor(
    identity: TlsIdentity,
    asksClients: boolean,
    { handshakeMs = HANDSHAKE_MS, most = MOST }: HandshakeBounds,
  ) {
    this.#most = most;
    this.#server = createServer({
      ...identity.current.options,
      ...ACCEPTING,
      handshakeTimeout: handshakeMs,
      requestCert: asksClients,
      // Otherwise Node would hang up without a word.
      rejectUnauthorized: false,
    });
    identity.onChange(({ options }) => this.#server.setSecureContext(options));
    this.#server.on('secureConnection', (stream) => {
      stream.on('error', () => {
        // `close` follows; a broken connection is no error of this process.
      });
      this.#running.get(endsOf(stream))?.done(stream);
    });
    this.#server.on('tlsClientError', (error, stream) => {
      this.#running.get(endsOf(stream))?.failed(error);
    });
  }

  /** Rejects, with the reason, where the handshake fails or the connection ends before. */
  make(socket: Socket): Promise<TLSSocket> {
    for (const { socket: oldest, failed } of this.#running.size >= this.#most
      ? this.#running.values()
      : []) {
      failed(new Error('too many handshakes at once'));
      oldest.destroy();
      break;
    }
    const ends = endsOf(socket);
    return new Promise<TLSSocket>((done, failed) => {
      const running = { socket, done, failed };
      this.#running.set(ends, running);
      socket.once('close', () => failed(new Error('the connection has ended')));
      this.#server.emit('connection', socket);
    }).finally(() => this.#running.delete(ends));
  }
}

/** Two connections that are open at the same time differ in it. */
const endsOf = ({ remoteAddress, remotePort, localAddress, localPort }: Socket) =>
  `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
