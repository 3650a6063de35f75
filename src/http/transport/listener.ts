// The one port of a master or agent: libprocess messages, scheduler calls and ordinary HTTP come
// in here. Connections are read leanly as long as that suffices (connection.ts), and handed to a
// complete node:http server, which never listens itself, when it does not.
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import net, { type AddressInfo, type Socket } from 'node:net';
import { KEY_HEADER } from '../../wire/libprocess.ts';
import type { Sender, Senders } from '../senders/senders.ts';
import { type Answer, headTooLarge, malformedRequest } from '../server/errors.ts';
import { readBody, refuseUnread } from '../server/request-body.ts';
import { headerOf } from '../server/request-headers.ts';
import { Connection, type ConnectionServices, parseTarget } from './connection.ts';
import { type ConnectionBounds, Connections } from './connections.ts';
import { LastRoom } from './last-room.ts';
import { Pipeline } from './pipeline.ts';
import { MAX_BODY_BYTES } from './request-reader.ts';

export interface FrontOptions extends Omit<ConnectionServices, 'complete' | 'senderOf'> {
  readonly senders: Senders;
  readonly host: string;
  readonly port: number;
  /** Handles every ordinary request. */
  readonly handler: RequestListener;
  readonly early?: EarlyPort | undefined;
  /** How long the head of an ordinary request may take to come. */
  readonly headersTimeoutMs?: number | undefined;
  /** Of the connections, where they are not to be the usual ones. */
  readonly bounds?: ConnectionBounds | undefined;
}

/** A port that was opened before there was anybody to answer on it. */
export interface EarlyPort {
  readonly server: net.Server;
  /** Who has connected so far; nothing has been read from them. */
  readonly sockets: readonly Socket[];
}

const LISTEN_BACKLOG = 4_096;
/** Of a request's head. A longer one is answered with 431. */
const MAX_HEADER_BYTES = 32 * 1024;
/** A head that takes longer ends its connection. */
const HEADERS_TIMEOUT_MS = 60_000;
/** More than this may be a thousand requests at once; it is looked at in a turn of its own. */
const MAX_QUESTION_BYTES = 4 * 1024;
/** An answer of which nothing is taken for so long ends its connection; event streams may be silent. */
const UNTAKEN_TIMEOUT_MS = 2 * 60_000;

export class Front {
  readonly #connections: Connections;
  readonly #lastRoom = new LastRoom();
  readonly #listener: net.Server;
  readonly #complete: Server;

  private constructor(options: FrontOptions) {
    const senderOf = sendersBySocket(options.senders);
    this.#connections = new Connections(options.bounds, options.senders);
    this.#complete = completeServer(options, senderOf, this.#connections);
    const services: ConnectionServices = {
      turn: options.turn,
      pressure: options.pressure,
      receive: options.receive,
      senderOf,
      calls: options.calls,
      complete: (socket, bytes) => {
        // A part at a time, so that it can be left when many requests have come.
        for (let end = bytes.length; end > 0; ) {
          const start = Math.floor((end - 1) / MAX_QUESTION_BYTES) * MAX_QUESTION_BYTES;
          socket.unshift(bytes.subarray(start, end));
          end = start;
        }
        this.#complete.emit('connection', socket);
        if (bytes.length > MAX_QUESTION_BYTES) {
          Pipeline.readOnInTurn(socket);
        } else {
          socket.resume();
        }
      },
    };
    this.#listener = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      const add = () => {
        this.#connections.add(socket, new Connection(socket, services));
        if (socket.isPaused()) {
          socket.resume();
        }
      };
      if (this.#connections.admit(socket)) {
        add();
      } else {
        this.#lastRoom.admit(socket, add);
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
    return this.#connections.size;
  }

  /** Stops listening and ends every connection. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#listener.close(() => resolve()));
    this.#complete.close();
    this.#lastRoom.close();
    this.#connections.close();
    await closed;
  }
}

/** A connection has one sender, whichever of the two servers reads it. */
function sendersBySocket(senders: Senders): (socket: Socket) => Sender {
  const known = new WeakMap<Socket, Sender>();
  return (socket) => {
    const before = known.get(socket);
    if (before) {
      return before;
    }
    const sender = senders.of(socket.remoteAddress);
    known.set(socket, sender);
    socket.once('close', () => sender.close());
    return sender;
  };
}

function completeServer(
  options: FrontOptions,
  senderOf: (socket: Socket) => Sender,
  connections: Connections,
): Server {
  const headersTimeout = options.headersTimeoutMs ?? HEADERS_TIMEOUT_MS;
  const server = createHttpServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      requireHostHeader: false,
      // Clients keep connections for as long as they like; bodies have times of their own.
      keepAliveTimeout: 0,
      requestTimeout: 0,
      headersTimeout,
      connectionsCheckingInterval: headersTimeout / 2,
    },
    (request, response) => pipelineOf(request.socket).add(request, response),
  );
  const pipelines = new WeakMap<Socket, Pipeline>();
  const pipelineOf = (socket: Socket) => {
    const known = pipelines.get(socket);
    if (known) {
      return known;
    }
    const pipeline = new Pipeline(socket, handle);
    pipelines.set(socket, pipeline);
    connections.handOver(socket, {
      get isBusy() {
        return pipeline.isBusy;
      },
      get peer() {
        return senderOf(socket).address;
      },
      // Heads and bodies have times of their own here.
      unfinished: undefined,
    });
    return pipeline;
  };
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    // Messages may follow ordinary requests on one connection.
    const from = messageSender(request);
    if (from === undefined) {
      options.handler(request, response);
    } else {
      void takeMessage(options, senderOf(request.socket), from, request, response);
    }
  };
  // It never listens itself, but from here on it watches the connections it is given.
  server.emit('listening');
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const answer = socket.writable ? answerToFault(error.code) : undefined;
    if (answer) {
      pipelineOf(socket).endWith(answer);
    } else {
      socket.destroy();
    }
  });
  server.on('timeout', (socket: Socket) => {
    if (socket.writableLength > 0) {
      socket.destroy();
    }
  });
  server.timeout = UNTAKEN_TIMEOUT_MS;
  return server;
}

async function takeMessage(
  options: FrontOptions,
  sender: Sender,
  from: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(request, { limitBytes: MAX_BODY_BYTES });
  if (!(body instanceof Uint8Array)) {
    refuseUnread(request, response, body);
    return;
  }
  const target = parseTarget(request.url ?? '');
  const claim = { from, key: headerOf(request, KEY_HEADER.toLowerCase()) };
  const known =
    request.method === 'POST' &&
    target !== undefined &&
    options.receive(target.to, target.name, { sender, claim, body });
  response.writeHead(known ? 202 : 404, { 'Content-Length': 0 });
  response.end();
}

/** What is not HTTP from its first line on gets no answer, nor does who never comes to the end of it. */
const UNANSWERED: ReadonlySet<string> = new Set([
  'HPE_CLOSED_CONNECTION',
  'HPE_INVALID_CONSTANT',
  'HPE_INVALID_EOF_STATE',
  'HPE_INVALID_METHOD',
  'HPE_INVALID_URL',
  'HPE_INVALID_VERSION',
  'HPE_PAUSED_H2_UPGRADE',
]);

function answerToFault(code: string | undefined): Answer | undefined {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return headTooLarge(MAX_HEADER_BYTES);
  }
  return code?.startsWith('HPE_') && !UNANSWERED.has(code) ? malformedRequest : undefined;
}

function messageSender(request: IncomingMessage): string | undefined {
  const agent = headerOf(request, 'user-agent');
  return (
    headerOf(request, 'libprocess-from') ??
    (agent?.startsWith('libprocess/') ? agent.slice('libprocess/'.length) : undefined)
  );
}
