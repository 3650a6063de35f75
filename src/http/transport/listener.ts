// The port of a master or agent, for libprocess messages, scheduler calls and ordinary HTTP. A
// Connection (connection.ts) reads the first two; when another request comes, it hands itself over
// to a node:http server, which has no port of its own.
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import net, { type AddressInfo, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { noteAccepted } from '../../runtime/io-turn.ts';
import { KEY_HEADER } from '../../wire/libprocess.ts';
import type { Sender, Senders } from '../senders/senders.ts';
import { badRequest, headTooLarge, malformedRequest } from '../server/error-responses.ts';
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
  TLS_HANDSHAKE,
} from './limits.ts';
import { Pipeline } from './pipeline.ts';
import { endWith } from './refusal.ts';

export interface ListenerOptions extends Omit<ConnectionServices, 'complete' | 'senderOf'> {
  readonly senders: Senders;
  readonly host: string;
  readonly port: number;
  /** Handles every ordinary request. */
  readonly handler: RequestListener;
  readonly upgrades?: Upgrades | undefined;
  /** Refuses what browsers send for others, before it is read. */
  readonly stray?: ((request: IncomingMessage) => HttpResponse | undefined) | undefined;
  readonly early?: EarlyPort | undefined;
  readonly secure: Secure;
  /** Whether a connection may be silent before `secure` is done. */
  readonly maySecureLate?: boolean | undefined;
  /** Told of a client that begins a handshake of TLS where there is none, by its IP address. */
  readonly onStrayTls?: ((ip: string) => void) | undefined;
  /** How long the head of an ordinary request may take to arrive. */
  readonly headersTimeoutMs?: number | undefined;
  /** Bounds of the connections, where they differ from the defaults. */
  readonly bounds?: ConnectionBounds | undefined;
}

/** Connections that go on as something else than HTTP. */
export interface Upgrades {
  /** Whether the request asks for that; others that ask for another protocol are ordinary ones. */
  accepts(request: IncomingMessage): boolean;
  /** Takes the connection over. `first` are the bytes behind the head. */
  take(request: IncomingMessage, stream: Duplex, first: Buffer): void;
}

/** A port that was opened before the server was loaded. */
export interface EarlyPort {
  readonly server: net.Server;
  /** The connections so far; nothing has been read from them. */
  readonly sockets: readonly Socket[];
}

/** More bytes than this may be a thousand requests, which get a turn of their own. */
const MAX_QUESTION_BYTES = 4 * 1024;
/**
 * A response of which the client takes nothing for this long ends its connection; event streams may
 * be silent.
 */
const UNTAKEN_TIMEOUT_MS = 2 * 60_000;

export class Listener {
  readonly #senders: StreamSenders;
  readonly #connections: Connections;
  readonly #services: ConnectionServices;
  readonly #secure: Secure;
  readonly #maySecureLate: boolean;
  readonly #lastRoom = new LastRoom();
  readonly #server: net.Server;
  readonly #complete: Server;
  readonly #closed: Promise<void>;

  private constructor(options: ListenerOptions) {
    this.#senders = new StreamSenders(options.senders);
    this.#connections = new Connections(options.bounds, options.senders);
    this.#complete = completeServer(options, this.#senders, this.#connections);
    this.#secure = options.secure;
    this.#maySecureLate = options.maySecureLate ?? false;
    this.#services = {
      turn: options.turn,
      pressure: options.pressure,
      receive: options.receive,
      senderOf: (stream) => this.#senders.of(stream),
      calls: options.calls,
      complete: (stream, bytes) => this.#handToComplete(stream, bytes),
    };
    this.#server = net.createServer(ACCEPTING, (socket) => this.#accept(socket));
    this.#closed = new Promise((resolve) => this.#server.once('close', resolve));
  }

  #accept(socket: Socket): void {
    noteAccepted();
    // The later reader of the connection handles its close; before that there is nothing to do.
    socket.on('error', () => undefined);
    if (socket.remoteAddress === undefined) {
      // It was reset before it was accepted.
      socket.destroy();
      return;
    }
    const secured = this.#secure(socket);
    const securing = this.#maySecureLate ? securingLate(socket) : SECURING;
    if (!this.#connections.admit(socket)) {
      this.#lastRoom.admit(socket, secured, (stream) => {
        this.#connections.add(socket, securing);
        this.#read(socket, stream);
      });
      return;
    }
    this.#connections.add(socket, securing);
    secured.then(
      (stream) => this.#read(socket, stream),
      () => socket.destroy(),
    );
  }

  /** Begins to read an accepted connection. */
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
    // In parts, so that handling can stop when many requests have come.
    for (let end = bytes.length; end > 0; ) {
      const start = Math.floor((end - 1) / MAX_QUESTION_BYTES) * MAX_QUESTION_BYTES;
      stream.unshift(bytes.subarray(start, end));
      end = start;
    }
    // From here on node:http reads what comes past the stream's buffer: without a break between the
    // two, the bytes in that come first.
    const begin = () => {
      this.#complete.emit('connection', stream);
      stream.resume();
    };
    if (bytes.length > MAX_QUESTION_BYTES) {
      Pipeline.readOnInTurn(stream, begin);
    } else {
      begin();
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
        // The same socket goes on listening, with another handler of connections.
        listener.#server.listen(early.server, LISTEN_BACKLOG, listening);
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

  /** How many connections are open. */
  get connections(): number {
    return this.#connections.size;
  }

  /**
   * Stops listening. What is read here without node:http gets the answer, where it has none that
   * has left, and its connection ends with that.
   */
  retire(answer: HttpResponse): void {
    this.#server.close();
    this.#connections.refuse(answer);
  }

  /** Stops listening and closes every connection. */
  async close(): Promise<void> {
    this.#server.close();
    this.#complete.close();
    this.#lastRoom.close();
    this.#connections.close();
    await this.#closed;
  }
}

/** Until its stream is made, a connection has the time of one request. */
const SECURING: Carrier = { isBusy: false, peer: undefined, unfinished: -1 };

/** The same from its first byte on; before that it is idle. */
const securingLate = (socket: Socket): Carrier => ({
  isBusy: false,
  peer: undefined,
  get unfinished() {
    return socket.bytesRead === 0 ? undefined : -1;
  },
});

/** In use until it closes; how long it may be silent its protocol says. */
const UPGRADED: Carrier = { isBusy: true, peer: undefined, unfinished: undefined };

/** Keeps one sender for each connection, whichever of the two servers reads it. */
class StreamSenders {
  readonly #senders: Senders;
  readonly #known = new WeakMap<Duplex, Sender>();

  constructor(senders: Senders) {
    this.#senders = senders;
  }

  /** `address` is the IP address of the other side. */
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
      // Clients may keep connections for any time; bodies have their own timeouts.
      keepAliveTimeout: 0,
      requestTimeout: 0,
      headersTimeout,
      connectionsCheckingInterval: headersTimeout / 2,
      shouldUpgradeCallback: (request) => options.upgrades?.accepts(request) === true,
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
      // node:http has its own timeouts for heads, and request-body.ts for bodies.
      unfinished: undefined,
    });
    return pipeline;
  };
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    const refusal = options.stray?.(request);
    // Ordinary requests may be followed by messages on the same connection.
    const from = messageSender(request);
    if (refusal !== undefined) {
      refuseUnread(request, response, refusal);
    } else if (from === undefined) {
      options.handler(request, response);
    } else {
      void takeMessage(options, senders.of(request.socket), from, request, response);
    }
  };
  server.on('upgrade', (request: IncomingMessage, stream: Duplex, first: Buffer) => {
    const pipeline = pipelines.get(stream);
    if (options.upgrades === undefined || pipeline?.isIdle === false) {
      // Answers to earlier requests would follow among what is no answer.
      stream.destroy();
      return;
    }
    const refusal = options.stray?.(request);
    if (refusal !== undefined) {
      endWith(stream, refusal);
      return;
    }
    connections.handOver(stream, UPGRADED);
    options.upgrades.take(request, stream, first);
  });
  // The server never listens itself; this event makes it watch the timeouts of its connections.
  server.emit('listening');
  server.on('clientError', (error: ClientError, stream: Duplex) => {
    const isTls = error.rawPacket?.[0] === TLS_HANDSHAKE;
    if (isTls) {
      options.onStrayTls?.((stream as Socket).remoteAddress ?? '');
    }
    const fault = isTls ? strayTls : answerToFault(error.code);
    const answer = stream.writable ? fault : undefined;
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

/** What node:http tells of a request that it cannot read, with the bytes at fault. */
interface ClientError extends NodeJS.ErrnoException {
  readonly rawPacket?: Buffer;
}

/** Not for the client's eyes: its library takes any text for what it is, no TLS. */
const strayTls = badRequest('This port does not speak TLS.');

/** Errors without a response: the first line is not HTTP, or the request never ended. */
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

/** No browser is a process of a cluster, though a script in one may write the header. */
function messageSender(request: IncomingMessage): string | undefined {
  if (headerOf(request, 'origin') !== undefined) {
    return undefined;
  }
  const agent = headerOf(request, 'user-agent');
  return (
    headerOf(request, 'libprocess-from') ??
    (agent?.startsWith('libprocess/') ? agent.slice('libprocess/'.length) : undefined)
  );
}
