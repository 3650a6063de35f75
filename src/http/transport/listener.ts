// The one port of a master or agent: libprocess messages, scheduler calls and ordinary HTTP come in
// here. A Connection reads what comes by the thousand (connection.ts). It hands itself to a
// node:http server, which has no port of its own, when a request comes that it does not read.
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import net, { type AddressInfo, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { KEY_HEADER } from '../../wire/libprocess.ts';
import type { Sender, Senders } from '../senders/senders.ts';
import { headTooLarge, malformedRequest } from '../server/error-responses.ts';
import { readBody, refuseUnread } from '../server/request-body.ts';
import { headerOf } from '../server/request-headers.ts';
import type { HttpResponse } from '../server/response.ts';
import type { Secure } from './carriers.ts';
import { Connection, type ConnectionServices, parseTarget } from './connection.ts';
import { type Carrier, type ConnectionBounds, Connections } from './connections.ts';
import { LastRoom } from './last-room.ts';
import {
  ACCEPTING,
  HEAD_TIMEOUT_MS,
  LISTEN_BACKLOG,
  MAX_HEAD_BYTES,
  MAX_MESSAGE_BYTES,
} from './limits.ts';
import { Pipeline } from './pipeline.ts';

export interface ListenerOptions extends Omit<ConnectionServices, 'complete' | 'senderOf'> {
  readonly senders: Senders;
  readonly host: string;
  readonly port: number;
  /** Handles every ordinary request. */
  readonly handler: RequestListener;
  readonly early?: EarlyPort | undefined;
  readonly secure: Secure;
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

/** More than this may be a thousand requests at once; it is looked at in a turn of its own. */
const MAX_QUESTION_BYTES = 4 * 1024;
/**
 * An answer of which nothing is taken for so long ends its connection; event streams may be silent.
 */
const UNTAKEN_TIMEOUT_MS = 2 * 60_000;

export class Listener {
  readonly #senders: StreamSenders;
  readonly #connections: Connections;
  readonly #services: ConnectionServices;
  readonly #secure: Secure;
  readonly #lastRoom = new LastRoom();
  readonly #server: net.Server;
  readonly #complete: Server;

  private constructor(options: ListenerOptions) {
    this.#senders = new StreamSenders(options.senders);
    this.#connections = new Connections(options.bounds, options.senders);
    this.#complete = completeServer(options, this.#senders, this.#connections);
    this.#secure = options.secure;
    this.#services = {
      turn: options.turn,
      pressure: options.pressure,
      receive: options.receive,
      senderOf: (stream) => this.#senders.of(stream),
      calls: options.calls,
      complete: (stream, bytes) => this.#handToComplete(stream, bytes),
    };
    this.#server = net.createServer(ACCEPTING, (socket) => this.#accept(socket));
  }

  #accept(socket: Socket): void {
    // Who reads the connection hears of its close; until it is read there is nothing to be done.
    socket.on('error', () => undefined);
    const secured = this.#secure(socket);
    if (!this.#connections.admit(socket)) {
      this.#lastRoom.admit(socket, secured, (stream) => {
        this.#connections.add(socket, SECURING);
        this.#read(socket, stream);
      });
      return;
    }
    this.#connections.add(socket, SECURING);
    secured.then(
      (stream) => this.#read(socket, stream),
      () => socket.destroy(),
    );
  }

  /** Reads what an accepted connection carries. */
  #read(socket: Socket, stream: Duplex): void {
    if (socket.destroyed) {
      return;
    }
    this.#senders.add(stream, socket.remoteAddress);
    this.#connections.secured(socket, stream);
    this.#connections.handOver(stream, new Connection(stream, this.#services));
    if (stream.isPaused()) {
      stream.resume();
    }
  }

  #handToComplete(stream: Duplex, bytes: Buffer): void {
    // A part at a time, so that it can be left when many requests have come.
    for (let end = bytes.length; end > 0; ) {
      const start = Math.floor((end - 1) / MAX_QUESTION_BYTES) * MAX_QUESTION_BYTES;
      stream.unshift(bytes.subarray(start, end));
      end = start;
    }
    this.#complete.emit('connection', stream);
    if (bytes.length > MAX_QUESTION_BYTES) {
      Pipeline.readOnInTurn(stream);
    } else {
      stream.resume();
    }
  }

  static async listen(options: ListenerOptions): Promise<Listener> {
    const listener = new Listener(options);
    const { host, port, early } = options;
    await new Promise<void>((resolve, reject) => {
      listener.#server.once('error', reject);
      const listening = () => {
        listener.#server.off('error', reject);
        resolve();
      };
      if (early) {
        // The same socket goes on listening; only who is told of connections changes.
        listener.#server.listen(early.server, listening);
      } else {
        listener.#server.listen({ host, port, backlog: LISTEN_BACKLOG }, listening);
      }
    });
    for (const socket of early?.sockets ?? []) {
      listener.#server.emit('connection', socket);
    }
    return listener;
  }

  get address(): { host: string; port: number } {
    const { address, port } = this.#server.address() as AddressInfo;
    return { host: address, port };
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Stops listening and ends every connection. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#complete.close();
    this.#lastRoom.close();
    this.#connections.close();
    await closed;
  }
}

/** Until it is known what a connection carries, it may only take the time of one request. */
const SECURING: Carrier = { isBusy: false, peer: undefined, unfinished: -1 };

/** A connection has one sender, whichever of the two servers reads it. */
class StreamSenders {
  readonly #senders: Senders;
  readonly #known = new WeakMap<Duplex, Sender>();

  constructor(senders: Senders) {
    this.#senders = senders;
  }

  /** `address` is the IP address that the stream comes from. */
  add(stream: Duplex, address: string | undefined): Sender {
    const sender = this.#senders.of(address);
    this.#known.set(stream, sender);
    stream.once('close', () => sender.close());
    return sender;
  }

  of(stream: Duplex): Sender {
    return this.#known.get(stream) ?? this.add(stream, undefined);
  }
}

function completeServer(
  options: ListenerOptions,
  senders: StreamSenders,
  connections: Connections,
): Server {
  const headersTimeout = options.headersTimeoutMs ?? HEAD_TIMEOUT_MS;
  const server = createHttpServer(
    {
      maxHeaderSize: MAX_HEAD_BYTES,
      requireHostHeader: false,
      // Clients keep connections for as long as they like; bodies have times of their own.
      keepAliveTimeout: 0,
      requestTimeout: 0,
      headersTimeout,
      connectionsCheckingInterval: headersTimeout / 2,
    },
    (request, response) => pipelineOf(request.socket).add(request, response),
  );
  const pipelines = new WeakMap<Duplex, Pipeline>();
  const pipelineOf = (stream: Duplex) => {
    const known = pipelines.get(stream);
    if (known) {
      return known;
    }
    const pipeline = new Pipeline(stream, handle);
    pipelines.set(stream, pipeline);
    connections.handOver(stream, {
      get isBusy() {
        return pipeline.isBusy;
      },
      get peer() {
        return senders.of(stream).address;
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
      void takeMessage(options, senders.of(request.socket), from, request, response);
    }
  };
  // It never listens itself, but from here on it watches the connections it is given.
  server.emit('listening');
  server.on('clientError', (error: NodeJS.ErrnoException, stream: Duplex) => {
    const answer = stream.writable ? answerToFault(error.code) : undefined;
    if (answer) {
      pipelineOf(stream).endWith(answer);
    } else {
      stream.destroy();
    }
  });
  server.on('timeout', (stream: Duplex) => {
    if (stream.writableLength > 0) {
      stream.destroy();
    }
  });
  server.timeout = UNTAKEN_TIMEOUT_MS;
  return server;
}

async function takeMessage(
  options: ListenerOptions,
  sender: Sender,
  from: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(request, { limitBytes: MAX_MESSAGE_BYTES });
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

/**
 * What is not HTTP from its first line on gets no answer, nor does who never comes to the end of
 * it.
 */
const UNANSWERED: ReadonlySet<string> = new Set([
  'HPE_CLOSED_CONNECTION',
  'HPE_INVALID_CONSTANT',
  'HPE_INVALID_EOF_STATE',
  'HPE_INVALID_METHOD',
  'HPE_INVALID_URL',
  'HPE_INVALID_VERSION',
  'HPE_PAUSED_H2_UPGRADE',
]);

function answerToFault(code: string | undefined): HttpResponse | undefined {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return headTooLarge(MAX_HEAD_BYTES);
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
