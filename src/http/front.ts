// The one port of a master or agent: libprocess messages, scheduler calls and ordinary HTTP come
// in here. Connections are read leanly as long as that suffices (connection.ts), and handed to a
// complete node:http server, which never listens itself, when it does not.
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import net, { type AddressInfo, type Socket } from 'node:net';
import { KEY_HEADER } from '../wire/libprocess.ts';
import { Connection, type ConnectionServices, parseTarget } from './connection.ts';
import { MAX_BODY_BYTES } from './request-reader.ts';
import type { Sender, Senders } from './senders.ts';

export interface FrontOptions extends Omit<ConnectionServices, 'complete' | 'senderOf'> {
  readonly senders: Senders;
  readonly host: string;
  readonly port: number;
  /** Handles every ordinary request. */
  readonly handler: RequestListener;
  readonly early?: EarlyPort | undefined;
  /** How long the head of an ordinary request may take to come. */
  readonly headersTimeoutMs?: number | undefined;
}

/** A port that was opened before there was anybody to answer on it. */
export interface EarlyPort {
  readonly server: net.Server;
  /** Who has connected so far; nothing has been read from them. */
  readonly sockets: readonly Socket[];
}

const LISTEN_BACKLOG = 4_096;
const MAX_HEADER_BYTES = 64 * 1024;
const HEADERS_TIMEOUT_MS = 60_000;

export class Front {
  readonly #sockets = new Set<Socket>();
  readonly #listener: net.Server;
  readonly #complete: Server;

  private constructor(options: FrontOptions) {
    const senderOf = sendersBySocket(options.senders);
    this.#complete = completeServer(options, senderOf);
    const services: ConnectionServices = {
      turn: options.turn,
      pressure: options.pressure,
      receive: options.receive,
      senderOf,
      calls: options.calls,
      complete: (socket, bytes) => {
        socket.unshift(bytes);
        this.#complete.emit('connection', socket);
        socket.resume();
      },
    };
    this.#listener = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      new Connection(socket, services);
      if (socket.isPaused()) {
        socket.resume();
      }
    });
  }

  static async listen(options: FrontOptions): Promise<Front> {
    const front = new Front(options);
    const { host, port, early } = options;
    await new Promise<void>((resolve, reject) => {
      front.#listener.once('error', reject);
      const listening = () => {
        front.#listener.off('error', reject);
        resolve();
      };
      if (early) {
        // The same socket goes on listening; only who is told of connections changes.
        front.#listener.listen(early.server, listening);
      } else {
        front.#listener.listen({ host, port, backlog: LISTEN_BACKLOG }, listening);
      }
    });
    for (const socket of early?.sockets ?? []) {
      front.#listener.emit('connection', socket);
    }
    return front;
  }

  get address(): { host: string; port: number } {
    const { address, port } = this.#listener.address() as AddressInfo;
    return { host: address, port };
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** Stops listening and ends every connection. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#listener.close(() => resolve()));
    this.#complete.close();
    for (const socket of this.#sockets) {
      socket.destroy();
    }
    await closed;
  }
}

/** A connection has one sender, whichever of the two servers reads it. */
function sendersBySocket(senders: Senders): (socket: Socket) => Sender {
  const known = new WeakMap<Socket, Sender>();
  return (socket) => {
    const sender = known.get(socket) ?? senders.of(socket.remoteAddress);
    known.set(socket, sender);
    return sender;
  };
}

function completeServer(options: FrontOptions, senderOf: (socket: Socket) => Sender): Server {
  const headersTimeout = options.headersTimeoutMs ?? HEADERS_TIMEOUT_MS;
  const server = createHttpServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      requireHostHeader: false,
      // Clients keep connections for as long as they like, and some bodies are streams.
      keepAliveTimeout: 0,
      requestTimeout: 0,
      headersTimeout,
      connectionsCheckingInterval: headersTimeout / 2,
    },
    (request, response) => {
      // Messages may follow ordinary requests on one connection.
      const from = messageSender(request.headers);
      if (from === undefined) {
        options.handler(request, response);
        return;
      }
      const pieces: Buffer[] = [];
      let size = 0;
      request.on('data', (piece: Buffer) => {
        size += piece.length;
        if (size > MAX_BODY_BYTES) {
          request.destroy();
          return;
        }
        pieces.push(piece);
      });
      request.on('end', () => {
        const target = parseTarget(request.url ?? '');
        const body = Buffer.concat(pieces);
        const known =
          request.method === 'POST' &&
          target !== undefined &&
          options.receive(target.to, target.name, {
            sender: senderOf(request.socket),
            claim: { from, key: request.headers[KEY_HEADER.toLowerCase()]?.toString() },
            body,
          });
        response.writeHead(known ? 202 : 404, { 'Content-Length': 0 });
        response.end();
      });
    },
  );
  // It never listens itself, but from here on it watches the connections it is given.
  server.emit('listening');
  // What is not HTTP at all gets no answer, as from Mesos.
  server.on('clientError', (_error, socket) => socket.destroy());
  return server;
}

function messageSender(headers: NodeJS.Dict<string | string[]>): string | undefined {
  const from = headers['libprocess-from'];
  if (typeof from === 'string') {
    return from;
  }
  const agent = headers['user-agent'];
  return typeof agent === 'string' && agent.startsWith('libprocess/')
    ? agent.slice('libprocess/'.length)
    : undefined;
}
