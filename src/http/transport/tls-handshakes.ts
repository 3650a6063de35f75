// The handshakes of accepted connections, made by a server of node:tls that has no port of its own.
// To begin one costs more than most requests, and anybody can ask for it: the places of clients
// take turns, and a turn of the I/O loop has a bound of time for it. As long as connections wait to
// be accepted, more of the time goes to these: only then is it known whose turn it is.
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { placeOf } from '../../model/origin.ts';
import { isAccepting, sliceMs } from '../../runtime/io-turn.ts';
import { ACCEPTING } from './limits.ts';
import { PlaceTurns } from './place-turns.ts';
import type { TlsIdentity } from './tls-identity.ts';

export interface HandshakeBounds {
  /** How long a handshake may take. */
  readonly handshakeMs?: number | undefined;
  /** The most handshakes at once; at that number the place with most of them loses its oldest. */
  readonly most?: number | undefined;
}

const HANDSHAKE_MS = 10_000;
/** An honest handshake takes milliseconds, and so is not among the oldest of so many. */
const MOST = 2_048;
/** While connections are accepted: how many times as long as handshakes have taken none begins. */
const PAUSE = 7;
const LONGEST_PAUSE_MS = 10;

interface Handshake {
  readonly socket: Socket;
  readonly done: (stream: TLSSocket) => void;
  readonly failed: (why: Error) => void;
}

export class TlsHandshakes {
  readonly #server: Server;
  readonly #most: number;
  /** By the two ends of the connection. */
  readonly #byEnds = new Map<string, Handshake>();
  readonly #turns = new PlaceTurns<Handshake>();
  #isBeginning = false;
  #turnBeginMs = 0;
  #turnEndMs = 0;
  #pauseEndMs = 0;

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
      this.#byEnds.get(endsOf(stream))?.done(stream);
    });
    this.#server.on('tlsClientError', (error, stream) => {
      this.#byEnds.get(endsOf(stream))?.failed(error);
    });
  }

  /** Rejects, with the reason, where the handshake fails or the connection ends before. */
  make(socket: Socket): Promise<TLSSocket> {
    const tooMany = this.#turns.size >= this.#most ? this.#turns.oldestOfFullest() : undefined;
    if (tooMany !== undefined) {
      tooMany.failed(new Error('too many handshakes at once'));
      tooMany.socket.destroy();
    }
    const ends = endsOf(socket);
    const place = placeOf(socket.remoteAddress ?? '');
    return new Promise<TLSSocket>((resolve, reject) => {
      const closed = () => handshake.failed(new Error('the connection has ended'));
      const settle = () => {
        socket.off('close', closed);
        this.#byEnds.delete(ends);
        this.#turns.delete(place, handshake);
      };
      const handshake: Handshake = {
        socket,
        done: (stream) => {
          settle();
          resolve(stream);
        },
        failed: (why) => {
          settle();
          reject(why);
        },
      };
      socket.once('close', closed);
      this.#byEnds.set(ends, handshake);
      this.#turns.add(place, handshake);
      if (!this.#isBeginning) {
        this.#isBeginning = true;
        setImmediate(this.#beginTurn);
      }
    });
  }

  readonly #beginTurn = () => {
    const nowMs = performance.now();
    if (isAccepting() && nowMs < this.#pauseEndMs) {
      setImmediate(this.#beginTurn);
      return;
    }
    this.#turnBeginMs = nowMs;
    this.#turnEndMs = nowMs + sliceMs();
    this.#beginNext();
  };

  readonly #beginNext = () => {
    const nowMs = performance.now();
    if (nowMs >= this.#turnEndMs) {
      this.#pauseEndMs = nowMs + Math.min(LONGEST_PAUSE_MS, PAUSE * (nowMs - this.#turnBeginMs));
      setImmediate(this.#beginTurn);
      return;
    }
    const next = this.#turns.take();
    if (next === undefined) {
      this.#isBeginning = false;
      return;
    }
    if (!next.socket.destroyed) {
      this.#server.emit('connection', next.socket);
    }
    // Node reads what the client has sent in the tick before, which is most of the work.
    process.nextTick(this.#beginNext);
  };
}

/** Two connections that are open at the same time differ in it. */
const endsOf = ({ remoteAddress, remotePort, localAddress, localPort }: Socket) =>
  `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
